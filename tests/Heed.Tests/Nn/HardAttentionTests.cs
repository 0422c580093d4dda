using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>The hard attention layer.</summary>
public sealed class HardAttentionTests
{
    private const int Hidden = 6;

    [Fact]
    public void Forward_AfterAChange_KeepsTheBitsOfWhatCameBefore()
    {
        HardAttention layer = Layer();
        Tensor x = Samples.Make(1, [2, 9, Hidden], Device.Cpu);
        int[] before = Samples.Bits(layer.Forward(x));
        for (int b = 0; b < 2; b++) x.AsSpan()[(b * 9 + 6) * Hidden] += 3;
        int[] after = Samples.Bits(layer.Forward(x));
        for (int b = 0; b < 2; b++) after.AsSpan(b * 9 * Hidden, 6 * Hidden).SequenceEqual(before.AsSpan(b * 9 * Hidden, 6 * Hidden)).ShouldBeTrue();
        after.ShouldNotBe(before);
    }

    [Fact]
    public void Sample_SameSeed_GivesTheSameBits_AndForwardTheMostProbable()
    {
        HardAttention layer = Layer();
        Tensor x = Samples.Make(1, [2, 9, Hidden], Device.Cpu);
        HardAttentionResult one = layer.Sample(x, 1);
        Samples.Bits(layer.Sample(x, 1).Output).ShouldBe(Samples.Bits(one.Output));
        layer.Sample(x, 2).Choices.ShouldNotBe(one.Choices);
        one.Output.Shape.ShouldBe(x.Shape);
        one.LogProbability.Shape.ShouldBe(new Shape(2, 2, 9));
        layer.Forward(x).Shape.ShouldBe(x.Shape);
        layer.Forward(Tensor.Zeros(new Shape(0, 3, Hidden))).Shape.ShouldBe(new Shape(0, 3, Hidden));
        layer.Parameters("m").Count().ShouldBe(2);
    }

    /// <summary>Several blocks of queries, a cache that grows twice, and the formula written out in double.</summary>
    [Theory, InlineData(1), InlineData(5)]
    public void Append_OfALongText_IsTheFormulaInDouble(int chunk)
    {
        const int Seq = 150;
        HardAttention layer = Layer(chunk);
        Tensor x = Samples.Make(4, [1, Seq, Hidden], Device.Cpu).Contiguous();
        double[] expected = Formula(x.ToArray(), Seq, chunk, layer);
        float[] whole = layer.Forward(x).ToArray();
        for (int i = 0; i < whole.Length; i++) ((double)whole[i]).ShouldBe(expected[i], 1e-4, $"token {i / Hidden}");
        using MixerState state = layer.CreateState(1);
        List<float> appended = [];
        foreach (int count in new[] { 1, 62, 1, 1, 30, 55 }) appended.AddRange(layer.Append(x.Slice(1, appended.Count / Hidden, count), state).ToArray());
        appended.ToArray().ShouldBe(whole);
        state.Bytes.ShouldBe(2 * 256 * Hidden * sizeof(float));
        HardAttention wide = Layer(chunk, Device.Reference);
        Tensor exact = wide.Forward(Tensor.From(x.ToArray(), x.Shape, Device.Reference));
        exact.DType.ShouldBe(DType.Float64);
        expected = Formula(x.ToArray(), Seq, chunk, wide);
        double[] found = Samples.Read(exact).ToArray();
        for (int i = 0; i < found.Length; i++) found[i].ShouldBe(expected[i], 1e-9, $"token {i / Hidden} in float64");
    }

    private static double[] Formula(float[] x, int seq, int chunk, HardAttention layer)
    {
        Dictionary<string, double[]> weights = layer.Parameters("m").ToDictionary(parameter => parameter.Name, parameter => Samples.Read(parameter.Value).ToArray());
        double[] Linear(double[] rows, double[] weight, int size) =>
            [.. Enumerable.Range(0, seq * size).Select(i => Enumerable.Range(0, Hidden).Sum(j => rows[i / size * Hidden + j] * weight[i % size * Hidden + j]))];
        double[] qkv = Linear([.. x.Select(value => (double)value)], weights["m.qkv.weight"], 3 * Hidden), mixed = new double[seq * Hidden];
        const int HeadDim = Hidden / 2;
        // The layer's own, a float32 number.
        double scale = 1 / MathF.Sqrt(HeadDim);
        for (int head = 0; head < 2; head++)
            for (int query = 0; query < seq; query++)
            {
                double At(int token, int part, int d) => qkv[token * 3 * Hidden + part * Hidden + head * HeadDim + d];
                double[] e = [.. Enumerable.Range(0, query + 1).Select(key => Math.Exp(Enumerable.Range(0, HeadDim).Sum(d => At(query, 0, d) * At(key, 1, d)) * scale))];
                double[][] chunks = [.. e.Chunk(chunk)];
                int best = Enumerable.Range(0, chunks.Length).MaxBy(i => chunks[i].Sum());
                for (int d = 0; d < HeadDim; d++)
                    mixed[query * Hidden + head * HeadDim + d] = chunks[best].Select((weight, i) => weight * At(best * chunk + i, 2, d)).Sum() / chunks[best].Sum();
            }
        return Linear(mixed, weights["m.output.weight"], Hidden);
    }

    private static HardAttention Layer(int chunk = 1, Device? device = null) => new(new DenseLinear(Samples.Make(2, Layout.Contiguous, [3 * Hidden, Hidden], device ?? Device.Cpu, -1, 1)),
        new DenseLinear(Samples.Make(3, Layout.Contiguous, [Hidden, Hidden], device ?? Device.Cpu, -1, 1)), heads: 2, causal: true, chunk);
}
