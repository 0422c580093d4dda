using Heed.Kernels.Strips;
using Heed.Tensors;
using Heed.Tests.Kernels.Strips;

namespace Heed.Tests.Tensors;

/// <summary>The layers' operations on the CPU against the reference, over odd sizes and views.</summary>
public class LayerOpsTests
{
    private static readonly int[][] Shapes = [[1], [7], [3, 16], [1, 1, 5], [2, 3, 33], [2, 0, 4], [0, 8], [5, 2, 130]];

    [Theory]
    [InlineData(Layout.Contiguous)]
    [InlineData(Layout.Sliced)]
    [InlineData(Layout.Reversed)]
    [InlineData(Layout.EverySecond)]
    public void SoftmaxAndNorms_AnyShapeAndLayout_MatchReference(Layout layout)
    {
        foreach (int[] shape in Shapes)
        {
            BothDevices(device => Ops.Softmax(Samples.Make(1, layout, shape, device)));
            BothDevices(device => Ops.RmsNorm(Samples.Make(1, layout, shape, device), Samples.Make(2, [shape[^1]], device), 1e-5f));
            BothDevices(device => Ops.LayerNorm(Samples.Make(1, layout, shape, device), Samples.Make(2, [shape[^1]], device), Samples.Make(3, [shape[^1]], device), 1e-5f));
            BothDevices(device => Ops.LayerNorm(Samples.Make(1, layout, shape, device), Samples.Make(2, [shape[^1]], device), null, 1e-5f));
        }
    }

    [Fact]
    public void Row12_SoftmaxOfMaskedRow_GivesZeros()
    {
        const float masked = float.NegativeInfinity;
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor x = Tensor.From([masked, masked, masked, 1, masked, 1], new Shape(2, 3), device);
            Ops.Softmax(x).ToArray().ShouldBe([0, 0, 0, 0.5f, 0, 0.5f]);
        }
    }

    [Fact]
    public void Row22_LayerNorm_UsesThePopulationVariance()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor x = Tensor.From([1, 3], new Shape(2), device);
            Ops.LayerNorm(x, Tensor.Ones(new Shape(2), device), null, 0).ToArray().ShouldBe([-1, 1]);
            // The document divides the squares by one less.
            Tensor centred = x - x.Mean(0);
            (centred / Math.Sqrt(centred.Square().Sum().Item() / (2 - 1))).ToArray().ShouldBe([-0.7071068f, 0.7071068f], 1e-6f);
        }
    }

    [Theory]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.GeluErf)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Sigmoid)]
    [InlineData(Activation.Swish)]
    public void Gated_AnyShapeAndLayout_MatchesReference(Activation activation)
    {
        foreach (int[] shape in new int[][] { [2], [3, 34], [2, 3, 10], [0, 4], [4, 0] })
            foreach (Layout layout in new[] { Layout.Contiguous, Layout.Reversed, Layout.Sliced })
                BothDevices(device => Ops.Gated(Samples.Make(1, layout, shape, device), activation, beta: 1.4f));
        Should.Throw<ArgumentException>(() => Ops.Gated(Tensor.Ones(new Shape(3)), activation)).Message.ShouldContain("Gated: x has shape [3]");
    }

    [Fact]
    public void SoftCapInPlace_LargeAndSmallValues_MatchesFormula()
    {
        Tensor x = Tensor.From(-1000, -3, 0, 0.01f, 5, 1000);
        Ops.SoftCapInPlace(x, 5);
        Samples.ShouldMatch(Samples.Read(x), [-5, 5 * Math.Tanh(-0.6), 0, 5 * Math.Tanh(0.002), 5 * Math.Tanh(1), 5], 3e-7);
    }

    [Fact]
    public void Linear_WeightForms_MatchReference()
    {
        foreach ((int rows, int inner, int outer) in new[] { (1, 7, 5), (3, 33, 65), (0, 4, 4), (5, 64, 32) })
            foreach (bool biased in new[] { false, true })
                foreach (bool accumulate in new[] { false, true })
                {
                    using PackedWeights weights = Pack(Samples.Make(1, [outer, inner], Device.Cpu));
                    using StackedWeights stacked = new(Pack(Samples.Make(1, [outer, inner], Device.Cpu)), Pack(Samples.Make(4, [3, inner], Device.Cpu)));
                    foreach (LinearWeights form in rows == 0 ? [weights] : new LinearWeights[] { weights, stacked })
                        BothDevices(device => Ops.Linear(Samples.Make(2, Layout.Sliced, [rows, inner], device), form, biased ? Samples.Make(3, [form.Rows], device) : null,
                            accumulate ? Samples.Make(5, [rows, form.Rows], device) : null), 1e-4);
                }
    }

    [Fact]
    public void Linear_StackedStripsOfDifferentTypes_RoundTheirInputOnce()
    {
        const int outer = 32, inner = 64;
        using StripWeights first = Strips(WeightType.Q4_0), second = Strips(WeightType.Q8_0);
        using StackedWeights stacked = new(first, second);
        float[] values = QuantizedSamples.Floats(inner, seed: 3);
        Tensor x = Tensor.From(values, new Shape(1, inner));
        float[] expected = [.. Ops.Linear(x, first, bias: null).ToArray(), .. Ops.Linear(x, second, bias: null).ToArray()];
        Ops.Linear(x, stacked, bias: null).ToArray().ShouldBe(expected);
        // The first matrix writes its outputs over half of x; the second one's are still those of x as it was.
        Device.Cpu.Backend.Linear(x, stacked, bias: null, destination: x, accumulate: false);
        x.ToArray().ShouldBe(expected);

        static StripWeights Strips(WeightType type)
        {
            StripMatrix matrix = new(type, outer, inner);
            byte[] bytes = QuantizedSamples.Blocks(type, outer * inner, seed: (int)type);
            for (int strip = 0; strip < 2; strip++) matrix.Pack(strip, bytes.AsSpan(strip * bytes.Length / 2, bytes.Length / 2));
            return new StripWeights(matrix);
        }
    }

    [Fact]
    public void Gather_FromTableAndWeights_MatchesRows()
    {
        int[] ids = [3, 0, 3, 40, 7];
        Tensor table = Samples.Make(1, [41, 9], Device.Cpu);
        using PackedWeights weights = Pack(table);
        Tensor expected = Ops.Stack(0, [.. ids.Select(id => table.Select(0, id))]);
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Samples.ShouldMatch(Ops.Gather(table.To(device), ids), expected, 0, 0);
            Samples.ShouldMatch(Ops.Gather(weights, ids, device), expected, 0, 0);
        }
        Samples.ShouldMatch(Ops.Gather(table.Slice(0, 1, 40), [2, 39]), Ops.Gather(table, [3, 40]), 0, 0);
        Should.Throw<ArgumentOutOfRangeException>(() => Ops.Gather(table, [41])).Message.ShouldContain("id 41");
        Should.Throw<ArgumentOutOfRangeException>(() => Ops.Gather(table, [-1]));
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 1, 4, 4)]
    [InlineData(2, 5, 5, 4, 2, 8, 8)]
    [InlineData(1, 3, 40, 6, 3, 16, 5)]
    [InlineData(2, 1, 33, 4, 1, 24, 40)]
    [InlineData(1, 70, 70, 2, 2, 8, 8)]
    [InlineData(1, 4, 2, 2, 1, 8, 8)]
    public void Attention_SizesWindowsAndPadding_MatchReference(int batch, int queries, int keys, int heads, int kvHeads, int dim, int valueDim)
    {
        foreach (bool causal in new[] { true, false })
            foreach (int window in new[] { 0, 1, 3 })
                foreach (float cap in new[] { 0f, 2f })
                    foreach (bool padded in new[] { false, true })
                        BothDevices(device => Ops.Attention(Samples.Make(1, Layout.Sliced, [batch, queries, heads, dim], device),
                            Samples.Make(2, Layout.Reversed, [batch, keys, kvHeads, dim], device), Samples.Make(3, [batch, keys, kvHeads, valueDim], device),
                            new AttentionOptions(0.3f, cap, window), causal, padded ? [.. Enumerable.Range(0, batch).Select(row => Math.Min(keys, 2 + row))] : []), 5e-6);
    }

    [Fact]
    public void Attention_PoisonedMemory_DoesNotLeak()
    {
        // Keys fill 5 lanes of a panel of 16; the others hold whatever the pool's last user left there.
        using TensorScope scope = new();
        Tensor q = Samples.Make(1, [1, 3, 2, 8], Device.Cpu), k = Samples.Make(2, [1, 5, 2, 8], Device.Cpu), v = Samples.Make(3, [1, 5, 2, 8], Device.Cpu);
        Tensor expected = Ops.Attention(q, k, v, new AttentionOptions(0.3f));
        using (scope.Enter())
        {
            for (int size = 8; size <= 1024; size *= 2) Tensor.Full(new Shape(size), double.NaN);
        }
        using (scope.Enter()) Samples.Bits(Ops.Attention(q, k, v, new AttentionOptions(0.3f))).ShouldBe(Samples.Bits(expected));
    }

    private static void BothDevices(Func<Device, Tensor> operation, double tolerance = 2e-6) =>
        Samples.ShouldMatch(operation(Device.Cpu), operation(Device.Reference), tolerance, tolerance);

    private static PackedWeights Pack(Tensor matrix)
    {
        PackedWeights weights = new(matrix.Shape[0], matrix.Shape[1]);
        int start = 0;
        for (int panel = 0; panel < weights.PanelCount; panel++)
        {
            int count = weights.RowsOf(panel) * weights.Columns;
            weights.Pack(panel, matrix.AsSpan().Slice(start, count));
            start += count;
        }
        return weights;
    }
}
