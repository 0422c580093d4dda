using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Values of another size than keys: the layer against loops in double, whole models against the reference and finite differences, caches.</summary>
public sealed class ValueHeadTests
{
    private const int Vocab = 13;
    private static readonly int[] s_tokens = MixerModels.Tokens;
    private static readonly int[] s_pairs = [1, 4, 2, 7, 3, 8, 9, 10, 0, 5], s_targets = [4, 2, 7, -100, 9, 1, 10, 0, 5, 6];

    public static TheoryData<string> Names => ValueHeadModels.Names;

    [Theory]
    [InlineData(4, 2, 4, 7), InlineData(4, 1, 6, 3), InlineData(2, 2, 5, 1), InlineData(6, 3, 2, 8)]
    public void Layer_OtherValueSize_MatchesLoopsInDouble(int heads, int kvHeads, int headDim, int valueDim)
    {
        const int Hidden = 9, Seq = 6;
        int rows = (heads + kvHeads) * headDim + kvHeads * valueDim;
        Random random = new(3);
        double[] x = Draw(Seq * Hidden), qkv = Draw(rows * Hidden), output = Draw(Hidden * heads * valueDim);
        double[] expected = Attend(x, qkv, output, Seq, Hidden, heads, kvHeads, headDim, valueDim);
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            SelfAttention layer = new(new DenseLinear(Of(qkv, [rows, Hidden], device)), new DenseLinear(Of(output, [Hidden, heads * valueDim], device)),
                kvHeads, headDim, new AttentionOptions(1 / MathF.Sqrt(headDim)), valueDim);
            double[] found = Doubles(layer.Forward(Of(x, [1, Seq, Hidden], device)));
            for (int i = 0; i < expected.Length; i++) found[i].ShouldBe(expected[i], device == Device.Cpu ? 2e-5 : 1e-12, $"{i}");
        }

        // Numbers that are the same in float32, so that both devices compute with them.
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (double)(float)(2 * random.NextDouble() - 1))];

        static Tensor Of(double[] values, int[] shape, Device device) => Tensor.From([.. values.Select(value => (float)value)], new Shape(shape), device);
    }

    [Theory, MemberData(nameof(Names))]
    public void Forward_OnTheCpu_AgreesWithTheReferenceByCacheAndByRows(string name)
    {
        float[] exact = MixerModels.Logits(ValueHeadModels.Make(name, Device.Reference), s_tokens);
        Transformer model = ValueHeadModels.Make(name);
        foreach (float[] found in new[] { MixerModels.Logits(model, s_tokens), PatternModels.OwnLogits(model, s_tokens), PatternModels.OwnLogits(ValueHeadModels.Make(name, Device.Reference), s_tokens) })
            for (int i = 0; i < exact.Length; i++) found[i].ShouldBe(exact[i], 2e-4f * (1 + Math.Abs(exact[i])), $"{i}");
    }

    [Theory, MemberData(nameof(Names))]
    public void Loss_EveryParameter_MatchesFiniteDifferences(string name)
    {
        Transformer model = MixerModels.Make(ValueHeadModels.ConfigOf(name) with { Dropout = name == "larger" ? 0.2f : 0 }, Device.Reference);
        Dictionary<string, double[]> exact = Gradients(model);
        Random random = new(5);
        foreach (Parameter parameter in model.Parameters)
        {
            exact[parameter.Name].ShouldContain(slope => slope != 0, parameter.Name);
            for (int probe = 0; probe < 3; probe++)
            {
                Span<double> values = parameter.Value.Span<double>(parameter.Value.ElementCount);
                // The last number of the fused layer belongs to a value head.
                int i = probe == 0 ? values.Length - 1 : random.Next(values.Length);
                double kept = values[i], step = 1e-5;
                values[i] = kept + step;
                double above = Loss(model);
                values[i] = kept - step;
                double slope = (above - Loss(model)) / (2 * step);
                values[i] = kept;
                Math.Abs(exact[parameter.Name][i] - slope).ShouldBeLessThan(1e-6 * (1 + Math.Abs(slope)), $"{parameter.Name}[{i}]");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Loss_OnTheCpu_HasTheGradientsOfTheReference(string name)
    {
        Dictionary<string, double[]> wide = Gradients(ValueHeadModels.Make(name, Device.Reference)), narrow = Gradients(ValueHeadModels.Make(name));
        foreach ((string parameter, double[] expected) in wide)
        {
            double scale = expected.Max(Math.Abs) + 1e-6;
            for (int i = 0; i < expected.Length; i++) Math.Abs(narrow[parameter][i] - expected[i]).ShouldBeLessThan(2e-4 * scale, $"{parameter}[{i}]");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Forward_CachedInChunks_HasTheBitsOfTheFullForward(string name)
    {
        Transformer model = ValueHeadModels.Make(name);
        float[] full = MixerModels.Logits(model, s_tokens);
        using KvCache cache = model.CreateCache();
        foreach (int chunk in new[] { 1, 3, 5, 16 })
        {
            cache.Clear();
            for (int i = 0; i < s_tokens.Length; i += chunk)
            {
                int count = Math.Min(chunk, s_tokens.Length - i);
                model.Forward(s_tokens.AsSpan(i, count), cache, rows: LogitRows.All).ToArray().ShouldBe(full.AsSpan(i * Vocab, count * Vocab).ToArray(), $"chunks of {chunk}, {i}");
            }
        }
        cache.Bytes.ShouldBe(model.Config.CacheBytes(model.Config.MaxSeqLen));
    }

    [Theory, MemberData(nameof(Names))]
    public void Forward_RaggedRowsInACache_EachGoOnAsAlone(string name)
    {
        Transformer model = ValueHeadModels.Make(name);
        int[] a = s_tokens[..6], b = s_tokens[4..12];
        float[] first = MixerModels.Logits(model, a), second = MixerModels.Logits(model, b);
        using KvCache cache = model.CreateCache(batch: 2);
        float[] prompt = model.Forward([9, 9, .. a[..3], .. b[..5]], cache, [-1, -1, 0, 1, 2, 0, 1, 2, 3, 4], rows: LogitRows.All).ToArray();
        prompt[(2 * Vocab)..(5 * Vocab)].ShouldBe(first[..(3 * Vocab)]);
        prompt[(5 * Vocab)..].ShouldBe(second[..(5 * Vocab)]);
        float[] more = model.Forward([.. a[3..], .. b[5..]], cache, rows: LogitRows.All).ToArray();
        more[..(3 * Vocab)].ShouldBe(first[(3 * Vocab)..]);
        more[(3 * Vocab)..].ShouldBe(second[(5 * Vocab)..]);
    }

    [Fact]
    public void Forward_RollingLayers_HaveTheBitsOfThoseThatKeepAll()
    {
        const int Length = 700;
        ModelConfig config = ValueHeadModels.ConfigOf("window") with { MaxSeqLen = Length, Window = 20, ValueHeadDim = 7 };
        Transformer model = MixerModels.Make(config);
        using KvCache rolling = model.CreateCache(), all = model.CreateCache(rolling: false);
        for (int i = 0; i < Length; i += 35)
        {
            int[] tokens = [.. Enumerable.Range(i, 35).Select(token => token * token % Vocab)];
            model.Forward(tokens, rolling, rows: LogitRows.All).ToArray().ShouldBe(model.Forward(tokens, all, rows: LogitRows.All).ToArray());
        }
        rolling.Bytes.ShouldBe(config.CacheBytes(Length));
        rolling.Bytes.ShouldBeLessThan(all.Bytes);
    }

    [Fact]
    public void Forward_CacheOfAnotherValueSize_IsRefused()
    {
        Transformer model = ValueHeadModels.Make("larger");
        using KvCache other = new(2, 1, 2, 4, 24);
        Should.Throw<ArgumentException>(() => model.Forward([1], other)).Message
            .ShouldBe("Forward: the cache is another model's: it has 2 layers, 2 key/value heads of 4 and 4 on cpu; the model needs 2, 2 of 4 and 7 on cpu.".Replace("cpu", Device.Cpu.ToString(), StringComparison.Ordinal));
        using KvCache same = new(2, 1, 2, 4, 24, valueDim: 7);
        model.Forward([1], same).ToArray().ShouldBe(model.Forward([1]).ToArray());
    }

    private static double[] Doubles(Tensor x) => x.DType == DType.Float64 ? x.Contiguous().Span<double>(x.ElementCount).ToArray() : Array.ConvertAll(x.ToArray(), value => (double)value);

    private static double Loss(Transformer model) => model.Loss(s_pairs, s_targets, batch: 2, dropoutSeed: 3).Item();

    private static Dictionary<string, double[]> Gradients(Transformer model)
    {
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using (GradientTape tape = new()) tape.Backward(model.Loss(s_pairs, s_targets, batch: 2, dropoutSeed: 3));
        Dictionary<string, double[]> gradients = model.Parameters.ToDictionary(parameter => parameter.Name, parameter => Doubles(parameter.Value.Gradient!));
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = false;
        return gradients;
    }

    /// <summary>Causal attention as the formula has it, [seq, hidden].</summary>
    private static double[] Attend(double[] x, double[] qkv, double[] output, int seq, int hidden, int heads, int kvHeads, int headDim, int valueDim)
    {
        int keys = heads * headDim, values = keys + kvHeads * headDim;
        double[] mixed = new double[seq * heads * valueDim], result = new double[seq * hidden];
        for (int head = 0; head < heads; head++)
            for (int query = 0; query < seq; query++)
            {
                int kv = head / (heads / kvHeads);
                double[] weights = [.. Enumerable.Range(0, query + 1).Select(key => Math.Exp(Enumerable.Range(0, headDim).Sum(d => Made(query, head * headDim + d) * Made(key, keys + kv * headDim + d)) * (1 / MathF.Sqrt(headDim))))];
                for (int d = 0; d < valueDim; d++)
                    mixed[(query * heads + head) * valueDim + d] = Enumerable.Range(0, query + 1).Sum(key => weights[key] / weights.Sum() * Made(key, values + kv * valueDim + d));
            }
        for (int token = 0; token < seq; token++)
            for (int i = 0; i < hidden; i++)
                result[token * hidden + i] = Enumerable.Range(0, heads * valueDim).Sum(j => output[i * heads * valueDim + j] * mixed[token * heads * valueDim + j]);
        return result;

        double Made(int token, int row) => Enumerable.Range(0, hidden).Sum(i => qkv[row * hidden + i] * x[token * hidden + i]);
    }
}
