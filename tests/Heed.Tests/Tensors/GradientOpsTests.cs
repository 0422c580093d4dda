using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>The backward operations of the CPU against the reference, and on any number of threads.</summary>
public class GradientOpsTests
{
    private const float Eps = 1e-5f;

    private static readonly int[][] Shapes = [[1], [7], [3, 16], [1, 1, 5], [3, 1], [2, 3, 33], [2, 0, 4], [0, 8], [3, 0], [5, 2, 130], [70, 40]];

    private static readonly Activation[] Activations = [Activation.Silu, Activation.GeluTanh, Activation.GeluErf, Activation.Relu, Activation.Swish, Activation.Sigmoid];

    /// <summary>Each returns what it wrote; the shapes fit <c>[…, size]</c>.</summary>
    private static IEnumerable<(string Name, Func<Device, int[], Tensor[]> Run)> Operations()
    {
        yield return ("softmax", (device, shape) =>
        {
            Tensor y = Ops.Softmax(Sample(1, shape, device)), dx = Sample(9, shape, device);
            device.Backend.SoftmaxBackward(y, Sample(2, shape, device), dx);
            return [dx];
        }
        );
        yield return ("rms norm", (device, shape) =>
        {
            Tensor dx = Sample(9, shape, device), dWeight = Sample(5, shape[^1..], device);
            device.Backend.RmsNormBackward(Sample(1, shape, device), Sample(2, shape[^1..], device), Eps, Sample(3, shape, device), dx, dWeight);
            return [dx, dWeight];
        }
        );
        yield return ("layer norm", (device, shape) =>
        {
            Tensor dx = Sample(9, shape, device), dWeight = Sample(5, shape[^1..], device), dBias = Sample(6, shape[^1..], device);
            // One element has no variance: its 1/√ε would blow float's last bits up.
            float epsilon = shape[^1] == 1 ? 1 : Eps;
            device.Backend.LayerNormBackward(Sample(1, shape, device), Sample(2, shape[^1..], device), epsilon, Sample(3, shape, device), dx, dWeight, dBias);
            return [dx, dWeight, dBias];
        }
        );
        foreach (Activation activation in Activations)
        {
            yield return ($"{activation}", (device, shape) =>
            {
                Tensor dx = Sample(9, shape, device);
                device.Backend.ActivateBackward(activation, Sample(1, shape, device), Sample(2, shape, device), dx, beta: 1.3f);
                return [dx];
            }
            );
            yield return ($"gated {activation}", (device, shape) =>
            {
                int[] both = [.. shape[..^1], 2 * shape[^1]];
                Tensor dx = Sample(9, both, device);
                device.Backend.GatedBackward(activation, Sample(1, both, device), Sample(2, shape, device), dx, beta: 1.3f);
                return [dx];
            }
            );
        }
        yield return ("sum of rows", (device, shape) =>
        {
            Tensor sums = Sample(2, shape[^1..], device);
            device.Backend.SumRows(Sample(1, shape, device), sums);
            return [sums];
        }
        );
        yield return ("scatter", (device, shape) =>
        {
            Tensor rows = Sample(1, shape, device), table = Sample(2, [11, shape[^1]], device);
            int count = shape[..^1].Aggregate(1, (product, size) => product * size);
            device.Backend.ScatterAdd(rows, [.. Enumerable.Range(0, count).Select(row => row * 7 % 5 + row % 2)], table);
            return [table];
        }
        );
        yield return ("dropout", (device, shape) =>
        {
            Tensor x = Sample(1, shape, device);
            device.Backend.Dropout(x, 0.3f, 42, x);
            return [x];
        }
        );
        foreach (float cap in new[] { 0f, 2f })
            yield return ($"cross entropy, cap {cap}", (device, shape) =>
            {
                Tensor logits = Sample(1, shape, device), gradient = Sample(9, shape, device);
                if (logits.ElementCount == 0) return [];
                int rows = logits.ElementCount / shape[^1];
                int[] targets = [.. Enumerable.Range(0, rows).Select(row => row % 3 == 2 ? -1 : row * 5 % shape[^1])];
                double loss = device.Backend.CrossEntropy(logits, targets, -1, cap, 0.5, gradient);
                device.Backend.CrossEntropy(logits, targets, -1, cap, 0.5, null).ShouldBe(loss);
                device.Backend.CrossEntropy(logits, targets, -1, cap, 0.5, logits).ShouldBe(loss);
                return [Tensor.Full(default, loss, device), gradient, logits];
            }
            );
        yield return ("squared norm", (device, shape) => [Tensor.Full(default, device.Backend.SquaredNorm(Sample(1, shape, device)), device)]);
        yield return ("AdamW", (device, shape) =>
        {
            Tensor p = Sample(1, shape, device), m = Sample(3, shape, device), v = Ops.Einsum("...,...->...", Sample(4, shape, device), Sample(4, shape, device));
            device.Backend.AdamW(p, Sample(2, shape, device), m, v, new AdamWStep(0.01f, 0.9f, 0.999f, 1e-8f, 0.1f, 3, 0.5f, 0));
            return [p, m, v];
        }
        );
    }

    [Fact]
    public void EachOperation_AnyShape_MatchesReference()
    {
        foreach ((string name, Func<Device, int[], Tensor[]> run) in Operations())
            foreach (int[] shape in Shapes)
            {
                Tensor[] got = run(Device.Cpu, shape), expected = run(Device.Reference, shape);
                // Sums of up to 130 terms of size 10 in float32, and the exponentials' last bits.
                for (int i = 0; i < got.Length; i++)
                    Should.NotThrow(() => Samples.ShouldMatch(got[i], expected[i], 5e-6, 1e-5), $"{name} of [{string.Join(", ", shape)}], result {i}");
            }
    }

    [Fact]
    public void EachOperation_AnyNumberOfThreads_HasTheSameBits()
    {
        // Above the size from which work is shared, with ends that do not fit parts and stretches.
        int[][] shapes = [[1031, 67], [3, 43691], [150000]];
        using Device two = Device.CreateCpu(2), three = Device.CreateCpu(3), one = Device.CreateCpu(1);
        foreach ((string name, Func<Device, int[], Tensor[]> run) in Operations())
            foreach (int[] shape in shapes)
            {
                Tensor[] expected = run(one, shape);
                foreach (Device device in new[] { two, three })
                {
                    Tensor[] got = run(device, shape);
                    for (int i = 0; i < got.Length; i++) Samples.Bits(got[i]).SequenceEqual(Samples.Bits(expected[i])).ShouldBeTrue($"{name} of [{string.Join(", ", shape)}], result {i}");
                }
            }
    }

    [Fact]
    public void ForwardRows_AnyNumberOfThreads_HaveTheSameBits()
    {
        using Device one = Device.CreateCpu(1), three = Device.CreateCpu(3);
        foreach (int[] shape in new int[][] { [1031, 134], [3, 43692] })
            foreach (Func<Tensor, Tensor> forward in new Func<Tensor, Tensor>[]
                {
                    x => Ops.Softmax(x),
                    x => Ops.RmsNorm(x, Sample(2, [x.Shape[^1]], x.Device), Eps),
                    x => Ops.LayerNorm(x, Sample(2, [x.Shape[^1]], x.Device), Sample(3, [x.Shape[^1]], x.Device), Eps),
                    x => Ops.Gated(x, Activation.Silu),
                })
            {
                int[] expected = Samples.Bits(forward(Sample(1, shape, one)));
                Samples.Bits(forward(Sample(1, shape, three))).SequenceEqual(expected).ShouldBeTrue();
                // A row alone has the bits that it has among others.
                Tensor row = forward(Sample(1, shape, one).Slice(0, 2, 1).Contiguous());
                Samples.Bits(row).SequenceEqual(expected.Skip(2 * row.ElementCount).Take(row.ElementCount)).ShouldBeTrue();
            }
    }

    [Fact]
    public void GradientsLeftOut_AreNotNeeded()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor x = Sample(1, [5, 9], device), weight = Sample(2, [9], device), dy = Sample(3, [5, 9], device);
            Tensor dx = Tensor.Zeros(x.Shape, device), dWeight = Tensor.Zeros(weight.Shape, device), dBias = Tensor.Zeros(weight.Shape, device);
            device.Backend.LayerNormBackward(x, weight, Eps, dy, dx, dWeight, dBias);
            Tensor alone = Tensor.Zeros(x.Shape, device), gain = Tensor.Zeros(weight.Shape, device), shift = Tensor.Zeros(weight.Shape, device);
            device.Backend.LayerNormBackward(x, weight, Eps, dy, alone, null, null);
            device.Backend.LayerNormBackward(x, weight, Eps, dy, null, gain, null);
            device.Backend.LayerNormBackward(x, weight, Eps, dy, null, null, shift);
            Samples.ShouldMatch(alone, dx, 0, 0);
            Samples.ShouldMatch(gain, dWeight, 0, 0);
            Samples.ShouldMatch(shift, dBias, 0, 0);
            device.Backend.RmsNormBackward(x, weight, Eps, dy, dx, gain = Tensor.Zeros(weight.Shape, device));
            device.Backend.RmsNormBackward(x, weight, Eps, dy, null, dWeight = Tensor.Zeros(weight.Shape, device));
            device.Backend.RmsNormBackward(x, weight, Eps, dy, dy, null);
            Samples.ShouldMatch(gain, dWeight, 0, 0);
            Samples.ShouldMatch(dy, dx, 0, 0);
        }
    }

    [Fact]
    public void ScatterAdd_RepeatedIds_AddInRisingOrder()
    {
        Tensor rows = Tensor.From([1e8f, 1, -1e8f, 5], new Shape(4, 1)), table = Tensor.Zeros(new Shape(2, 1));
        table.Backend.ScatterAdd(rows, [1, 1, 1, 0], table);
        table.ToArray().ShouldBe([5, 0]); // 1e8 + 1 is 1e8 in float32, so a later order would give 1
    }

    [Fact]
    public void Dropout_BothBackends_MakeOneMaskAndReplayIt()
    {
        Tensor ones = Tensor.Ones(new Shape(3, 5, 37)), reference = ones.To(Device.Reference), again = Tensor.Zeros(ones.Shape), other = Tensor.Zeros(ones.Shape);
        Tensor mask = Tensor.Zeros(ones.Shape);
        ones.Backend.Dropout(ones, 0.5f, 7, mask);
        ones.Backend.Dropout(ones, 0.5f, 7, again);
        ones.Backend.Dropout(ones, 0.5f, 8, other);
        reference.Backend.Dropout(reference, 0.5f, 7, reference);
        mask.ToArray().ShouldBe(reference.ToArray());
        mask.ToArray().ShouldBe(again.ToArray());
        mask.ToArray().ShouldNotBe(other.ToArray());
        mask.Select(0, 0).ToArray().ShouldNotBe(mask.Select(0, 1).ToArray());
        ones.Backend.Dropout(ones, 0, 7, other);
        other.ToArray().ShouldBe(ones.ToArray());
    }

    [Fact]
    public void Row12_SoftmaxOfMaskedRow_PassesNoGradient()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor y = Ops.Softmax(Tensor.Full(new Shape(2, 3), double.NegativeInfinity, device)), dx = Tensor.Ones(new Shape(2, 3), device);
            device.Backend.SoftmaxBackward(y, Sample(1, [2, 3], device), dx);
            dx.ToArray().ShouldAllBe(value => value == 0);
        }
    }

    [Fact]
    public void CrossEntropy_NaNInfinityAndIgnoredRows_GiveWhatIsStated()
    {
        const float Inf = float.PositiveInfinity;
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            double.IsNaN(Loss([1, float.NaN, 0], 0)).ShouldBeTrue();
            double.IsNaN(Loss([1, Inf, 0], 0)).ShouldBeTrue();
            double.IsNaN(Loss([-Inf, -Inf, -Inf], 0)).ShouldBeTrue();
            Loss([1, -Inf, 1], 1).ShouldBe(double.PositiveInfinity);
            Loss([1, -Inf, 1], 0).ShouldBe(Math.Log(2), 1e-12);
            Loss([1, float.NaN, 0], -1).ShouldBe(0);
            Tensor nan = Tensor.Full(new Shape(1, 3), double.NaN, device);
            device.Backend.CrossEntropy(nan, [-1], -1, 0, 1, nan).ShouldBe(0);
            nan.ToArray().ShouldAllBe(value => value == 0);

            double Loss(float[] logits, int target) => device.Backend.CrossEntropy(Tensor.From(logits, new Shape(1, 3), device), [target], -1, 0, 1, null);
        }
    }

    [Fact]
    public void MatMul_Accumulate_AddsToTheOldValue()
    {
        foreach ((int batch, int rows, int inner, int columns) in new[] { (1, 3, 5, 7), (4, 2, 3, 2), (2, 1, 0, 3), (3, 130, 70, 120) })
            foreach (bool shared in new[] { false, true })
            {
                Tensor[] got = [.. new[] { Device.Cpu, Device.Reference }.Select(device =>
                {
                    Tensor a = Sample(1, [batch, rows, inner], device), b = Sample(2, [shared ? 1 : batch, inner, columns], device).BroadcastTo(new Shape(batch, inner, columns));
                    Tensor sum = Sample(3, [batch, rows, columns], device);
                    device.Backend.MatMul(a, b, sum, accumulate: true);
                    return sum;
                })];
                Samples.ShouldMatch(got[0], got[1], 1e-5, 5e-5);
            }
    }

    [Fact]
    public void AdamW_StochasticRounding_LeavesBfloatsOnBothSidesAndRepeats()
    {
        AdamWStep step = new(0.01f, 0.9f, 0.999f, 1e-8f, 0.1f, 3, 1, RoundingSeed: 5);
        float[] first = Run(step), again = Run(step), other = Run(step with { RoundingSeed = 6 }), later = Run(step with { Step = 4 }), exact = Run(step with { RoundingSeed = 0 });
        again.ShouldBe(first);
        other.ShouldNotBe(first);
        later.ShouldNotBe(first);
        first.ShouldAllBe(value => (BitConverter.SingleToUInt32Bits(value) & 0xFFFF) == 0);
        first.Zip(exact).Count(pair => pair.First > pair.Second).ShouldBeInRange(350, 650); // of 1000, fair draws
        first.Zip(exact).ShouldAllBe(pair => Math.Abs(pair.First - pair.Second) <= Math.Abs(pair.Second) / 128);

        static float[] Run(AdamWStep step)
        {
            Tensor p = Sample(1, [1000], Device.Cpu), g = Sample(2, [1000], Device.Cpu), m = Tensor.Zeros(p.Shape), v = Tensor.Zeros(p.Shape);
            p.Backend.AdamW(p, g, m, v, step);
            return p.ToArray();
        }
    }

    private static Tensor Sample(int seed, int[] shape, Device device) => Samples.Make(seed, shape, device);
}
