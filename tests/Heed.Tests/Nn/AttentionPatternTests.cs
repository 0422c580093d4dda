using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Nn;

/// <summary>Longformer and BigBird as layers, against their papers' formulas written out in double.</summary>
public sealed class AttentionPatternTests
{
    private const int Seq = 9, Hidden = 4, Heads = 2, KvHeads = 1, HeadDim = 3;

    public static TheoryData<bool, int, int, int, bool> Longformers => new()
    {
        { false, 2, 1, 2, true }, { true, 2, 1, 2, true }, { false, 1, 3, 1, true }, { true, 2, 2, 3, true },
        { false, 2, 1, 2, false }, { true, 1, 2, 1, false }, { true, 3, 1, 0, false }, { false, 0, 1, 20, true }, { true, 1, 1, 20, true },
    };

    /// <summary>Beltagy et al. 2020, section 3.1: forward, and every gradient by differences of the formula.</summary>
    [Theory, MemberData(nameof(Longformers))]
    public void Row43_Longformer_EqualsTheFormulaWithAllItsGradients(bool causal, int window, int dilation, int globals, bool own)
    {
        bool Sees(int i, int j) => i < globals || j < globals || Math.Abs(i - j) <= window * dilation && (i - j) % dilation == 0;
        Check(causal, own ? globals : 0, Sees, (query, keyValue) => new LongformerPattern(window, dilation, globals, own ? query : null, own ? keyValue : null));
        // The document does not scale the scores.
        Random random = new(3);
        DenseLinear qkv = new(Normal(random, (Heads + 2 * KvHeads) * HeadDim, Hidden)), output = new(Normal(random, Hidden, Heads * HeadDim));
        Tensor x = Tensor.Normal(new Shape(1, Seq, Hidden), random);
        float[] Of(double scale) => new SelfAttention(qkv, output, KvHeads, HeadDim, new AttentionOptions((float)scale)) { Pattern = new LongformerPattern(window, dilation, globals), Bidirectional = !causal }.Forward(x).ToArray();
        Of(1).Zip(Of(1 / Math.Sqrt(HeadDim))).Max(pair => Math.Abs(pair.First - pair.Second)).ShouldBeGreaterThan(0.001f);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void BigBird_EqualsTheFormulaWithAllItsGradients(bool causal)
    {
        BigBirdPattern pattern = new(block: 2, window: 1, global: 1, random: 1, seed: 4);
        bool[,] seen = pattern.Mask.ToMatrix(Seq, Seq);
        bool[][,] upTo = [.. Enumerable.Range(1, Seq).Select(keys => pattern.Mask.ToMatrix(keys, keys))];
        for (int i = 2; i < Seq; i++)
        {
            int own = i / 2;
            int[] blocks = [.. Enumerable.Range(0, causal ? own + 1 : 5).Where(block => causal ? upTo[i][i, 2 * block] : seen[i, 2 * block])];
            blocks.ShouldContain(0, $"token {i}: the global block");
            blocks.ShouldContain(own, $"token {i}: its own block");
            blocks.Length.ShouldBe(causal && own == 1 ? 2 : 3, $"token {i}: and one by chance, if there is another");
        }
        Check(causal, 0, (i, j) => causal ? upTo[i][i, j] : seen[i, j], (_, _) => pattern);
    }

    /// <summary>Liu et al. 2018, section 4.2.4: blocks by themselves, the last one short; forward, and every gradient.</summary>
    [Theory, InlineData(false, 4), InlineData(true, 4), InlineData(false, 1), InlineData(true, 20)]
    public void Local_EqualsTheFormulaWithAllItsGradients(bool causal, int block) =>
        Check(causal, 0, (i, j) => i / block == j / block, (_, _) => new LocalPattern(block));

    [Theory, InlineData(false), InlineData(true)]
    public void Longformer_WindowOverEverythingAndEqualProjections_IsFullAttention(bool causal)
    {
        Random random = new(3);
        Tensor qkv = Normal(random, (Heads + 2 * KvHeads) * HeadDim, Hidden), x = Tensor.Normal(new Shape(2, Seq, Hidden), random, 0, 1);
        DenseLinear all = new(qkv), output = new(Normal(random, Hidden, Heads * HeadDim));
        DenseLinear query = new(qkv.Slice(0, 0, Heads * HeadDim).Clone()), keyValue = new(qkv.Slice(0, Heads * HeadDim, 2 * KvHeads * HeadDim).Clone());
        float[] full = Layer(all, output, null, causal).Forward(x).ToArray();
        Close(Layer(all, output, new LongformerPattern(Seq, 1, 2, query, keyValue), causal), 1e-6f);
        Close(Layer(all, output, new LongformerPattern(Seq, 1, 2), causal), 1e-6f);
        Close(Layer(all, output, new BigBirdPattern(block: 2, window: 9, global: 0, random: 0), causal), 1e-6f);
        Close(Layer(all, output, new BigBirdPattern(block: 2, window: 1, global: 1, random: 9), causal), 1e-6f);
        Layer(all, output, new LongformerPattern(1), causal).Forward(x).ToArray().ShouldNotBe(full);

        void Close(SelfAttention layer, float tolerance)
        {
            float[] found = layer.Forward(x).ToArray();
            for (int i = 0; i < full.Length; i++) found[i].ShouldBe(full[i], tolerance);
        }
    }

    [Fact]
    public void LongformerPattern_WhatDoesNotFit_SaysWhy()
    {
        DenseLinear layer = new(Tensor.Zeros(new Shape(2, 2)));
        Should.Throw<ArgumentException>(() => new LongformerPattern(1, 1, 1, layer)).Message.ShouldContain("globalQuery alone");
        Should.Throw<ArgumentException>(() => new LongformerPattern(1, 1, 1, null, layer)).Message.ShouldContain("globalKeyValue alone");
        Should.Throw<ArgumentException>(() => new LongformerPattern(1, 1, 0, layer, layer)).Message.ShouldContain("globalTokens is 0");
        Should.Throw<ArgumentOutOfRangeException>(() => new LongformerPattern(-1)).ParamName.ShouldBe("window");
        Should.Throw<ArgumentOutOfRangeException>(() => new LongformerPattern(1, 0)).ParamName.ShouldBe("dilation");
        Should.Throw<ArgumentOutOfRangeException>(() => new LongformerPattern(1, 1, -1)).ParamName.ShouldBe("globalTokens");
        Should.Throw<ArgumentException>(() => new SelfAttention(layer, layer, 1, 1, new AttentionOptions(1, Window: 3)) { Pattern = new LongformerPattern(1) }).Message.ShouldContain("a Window of 3");
        Should.Throw<ArgumentException>(() => new LocalPattern(0)).Message.ShouldContain("block");
        Should.Throw<ArgumentException>(() => new BigBirdPattern(window: 2)).Message.ShouldContain("window of 2 blocks");
    }

    /// <summary>A sink is one more logit in the denominator: it takes weight from all keys, and its gradient is minus what it takes.</summary>
    [Fact]
    public void Sinks_EqualTheFormulaWithAllTheirGradients()
    {
        Random random = new(5);
        Tensor[] inputs = [GradientTensor(random, 1, Seq, Hidden), GradientTensor(random, (Heads + 2 * KvHeads) * HeadDim, Hidden), GradientTensor(random, Hidden, Heads * HeadDim), GradientTensor(random, Heads)];
        double[][] numbers = [.. inputs.Select(Numbers)];
        double[] expected = Forward(numbers, causal: true, globals: 0, (_, _) => true, sinks: numbers[3]);
        using GradientTape tape = new();
        Tensor y = new SelfAttention(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), KvHeads, HeadDim, new AttentionOptions(1 / MathF.Sqrt(HeadDim))) { Sinks = inputs[3] }.Forward(inputs[0]);
        Compare(y, expected, inputs, numbers, tape, all => Forward(all, causal: true, globals: 0, (_, _) => true, sinks: all[3]));
    }

    private static void Check(bool causal, int globals, Func<int, int, bool> sees, Func<Linear, Linear, AttentionPattern> pattern)
    {
        Random random = new(11);
        List<Tensor> inputs = [GradientTensor(random, 1, Seq, Hidden), GradientTensor(random, (Heads + 2 * KvHeads) * HeadDim, Hidden), GradientTensor(random, Hidden, Heads * HeadDim)];
        Tensor query = GradientTensor(random, Heads * HeadDim, Hidden), keyValue = GradientTensor(random, 2 * KvHeads * HeadDim, Hidden);
        if (globals > 0) inputs.AddRange(query, keyValue);
        double[][] numbers = [.. inputs.Select(Numbers)];
        double[] Formula(double[][] all) => Forward(all, causal, globals, (i, j) => (!causal || j <= i) && sees(i, j));
        using GradientTape tape = new();
        SelfAttention layer = Layer(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), pattern(new DenseLinear(query), new DenseLinear(keyValue)), causal);
        Compare(layer.Forward(inputs[0]), Formula(numbers), inputs, numbers, tape, Formula);
        layer.Parameters("a").Select(parameter => parameter.Name).ShouldBe(globals > 0
            ? ["a.qkv.weight", "a.global_query.weight", "a.global_key_value.weight", "a.output.weight"]
            : ["a.qkv.weight", "a.output.weight"]);
    }

    private static void Compare(Tensor y, double[] expected, IReadOnlyList<Tensor> inputs, double[][] numbers, GradientTape tape, Func<double[][], double[]> formula)
    {
        double[] found = Numbers(y);
        for (int i = 0; i < expected.Length; i++) found[i].ShouldBe(expected[i], 1e-7); // The scale 1/√headDim is a float.
        double[] factors = [.. expected.Select((_, i) => Math.Sin(3 * i + 1))];
        tape.Backward(y, Tensor.From([.. factors.Select(factor => (float)factor)], y.Shape, Device.Reference));
        const double Step = 1e-5;
        for (int n = 0; n < numbers.Length; n++)
        {
            double[] slopes = Numbers(inputs[n].Gradient!);
            for (int i = 0; i < numbers[n].Length; i++)
            {
                double kept = numbers[n][i];
                double difference = (Sum(kept + Step) - Sum(kept - Step)) / (2 * Step);
                numbers[n][i] = kept;
                slopes[i].ShouldBe(difference, 1e-6 * (1 + Math.Abs(difference)), $"input {n}, element {i}");

                double Sum(double value)
                {
                    numbers[n][i] = value;
                    return formula(numbers).Zip(factors, (part, factor) => part * (float)factor).Sum();
                }
            }
        }
    }

    /// <summary>Inputs x, qkv, output and, where there are global tokens, their queries and their keys and values.</summary>
    private static double[] Forward(double[][] inputs, bool causal, int globals, Func<int, int, bool> sees, double[]? sinks = null)
    {
        double[] x = inputs[0], qkv = inputs[1], mixed = new double[Seq * Heads * HeadDim], result = new double[Seq * Hidden];
        for (int i = 0; i < Seq; i++)
            for (int h = 0; h < Heads; h++)
            {
                bool global = i < globals;
                double[] q = Project(x, i, global ? inputs[3] : qkv, h * HeadDim);
                int key = global ? 0 : Heads * HeadDim, value = key + KvHeads * HeadDim, kvHead = h * KvHeads / Heads;
                double[] weights = new double[Seq];
                for (int j = 0; j < Seq; j++)
                    if ((!causal || j <= i) && (global || sees(i, j)))
                        weights[j] = Math.Exp(q.Zip(Project(x, j, global ? inputs[4] : qkv, key + kvHead * HeadDim), (a, b) => a * b).Sum() / Math.Sqrt(HeadDim));
                double sum = weights.Sum() + (sinks is null ? 0 : Math.Exp(sinks[h]));
                for (int j = 0; j < Seq; j++)
                {
                    double[] v = Project(x, j, global ? inputs[4] : qkv, value + kvHead * HeadDim);
                    for (int d = 0; d < HeadDim; d++) mixed[(i * Heads + h) * HeadDim + d] += weights[j] / sum * v[d];
                }
            }
        for (int i = 0; i < Seq; i++)
            for (int o = 0; o < Hidden; o++)
                for (int d = 0; d < Heads * HeadDim; d++) result[i * Hidden + o] += inputs[2][o * Heads * HeadDim + d] * mixed[i * Heads * HeadDim + d];
        return result;
    }

    private static double[] Project(double[] x, int token, double[] weight, int firstRow)
    {
        double[] result = new double[HeadDim];
        for (int d = 0; d < HeadDim; d++)
            for (int c = 0; c < Hidden; c++) result[d] += weight[(firstRow + d) * Hidden + c] * x[token * Hidden + c];
        return result;
    }

    private static SelfAttention Layer(Linear qkv, Linear output, AttentionPattern? pattern, bool causal) =>
        new(qkv, output, KvHeads, HeadDim, new AttentionOptions(1 / MathF.Sqrt(HeadDim))) { Pattern = pattern, Bidirectional = !causal };

    private static Tensor Normal(Random random, int rows, int columns) => Tensor.Normal(new Shape(rows, columns), random, 0, 0.7);

    private static Tensor GradientTensor(Random random, params int[] sizes)
    {
        Tensor tensor = Tensor.Normal(new Shape(sizes), random, 0, 0.7, Device.Reference);
        tensor.RequiresGradient = true;
        return tensor;
    }

    private static double[] Numbers(Tensor x) => x.Contiguous().Span<double>(x.ElementCount).ToArray();
}
