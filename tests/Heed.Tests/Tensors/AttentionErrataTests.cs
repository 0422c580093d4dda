using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>What the errata ask of attention with modified scores: each test tells right from the known wrong.</summary>
public sealed class AttentionErrataTests
{
    private static readonly ScoreCase Everything = new(140, 140, Heads: 4, KvHeads: 2, Cap: 3, Distances: true, Sinks: true, TopK: 20);

    [Fact]
    public void Row10_OneQueryAgainstAllKeysBefore_EqualsTheFullCallsRow()
    {
        CheckChunks(1);
        Tensor q = Samples.Make(1, [1, 1, 1, 4], Device.Cpu), k = Samples.Make(2, [1, 9, 1, 4], Device.Cpu), v = Samples.Make(3, [1, 9, 1, 4], Device.Cpu);
        float[] first = v.Slice(1, 0, 1).Contiguous().ToArray();
        // The document's mask is aligned at the top left: its one row shows key 0 alone.
        Ops.Attention(q, k, v, new AttentionScores { Mask = AttentionMask.Padding([1], PaddingSide.Right) }).ToArray().ShouldBe(first);
        Ops.Attention(q, k, v, new AttentionScores { Mask = AttentionMask.Causal }).ToArray().ShouldNotBe(first);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(64)]
    public void Row11_QueriesInChunks_EqualOneShot(int chunk)
    {
        CheckChunks(chunk);
        Tensor q = Samples.Make(1, [1, 70, 1, 4], Device.Cpu), k = Samples.Make(2, [1, 70, 1, 4], Device.Cpu), v = Samples.Make(3, [1, 70, 1, 4], Device.Cpu);
        AttentionScores causal = new() { Mask = AttentionMask.Causal };
        Tensor Last(Tensor x) => x.Slice(1, 70 - chunk, chunk).Contiguous();
        float[] right = Ops.Attention(Last(q), k, v, causal).ToArray();
        right.ShouldBe(Last(Ops.Attention(q, k, v, causal)).ToArray(), 1e-6f);
        // The document's queries see one another and no key of the cache.
        Ops.Attention(Last(q), Last(k), Last(v), causal).ToArray().Zip(right).Max(pair => Math.Abs(pair.First - pair.Second)).ShouldBeGreaterThan(0.01f);
    }

    private static void CheckChunks(int chunk)
    {
        Tensor[] inputs = Everything.Inputs(1, Device.Cpu);
        int[] expected = Samples.Bits(Everything.Run(inputs));
        int row = Everything.Heads * Everything.ValueDim;
        for (int first = 0; first < Everything.Queries; first += chunk)
        {
            int count = Math.Min(chunk, Everything.Queries - first), keys = first + count;
            ScoreCase part = Everything with { Queries = count, Keys = keys };

            // Queries stand at the end of the keys; so do the distances.
            Tensor[] cut = [inputs[0].Slice(1, first, count).Contiguous(), inputs[1].Slice(1, 0, keys).Contiguous(), inputs[2].Slice(1, 0, keys).Contiguous(),
                inputs[3].Slice(1, Everything.Keys - keys, keys + count - 1).Contiguous(), inputs[4]];
            Samples.Bits(part.Run(cut)).ShouldBe(expected[(first * row)..(keys * row)], $"chunk at {first}");
        }
    }

    [Fact]
    public void Row4_PerturbedLastToken_LeavesEarlierOutputsBitEqual()
    {
        CheckLeak(Everything);
        // The document makes the mask and adds it nowhere.
        Leaks(Everything with { Causal = false }).ShouldBeTrue();
    }

    [Fact]
    public void Row48_TopKUnderACausalMask_LaterKeysDoNotLeak()
    {
        ScoreCase causal = new(100, 100, Heads: 2, TopK: 5);
        CheckLeak(causal);
        // The document's form has no mask.
        Leaks(causal with { Causal = false }).ShouldBeTrue();
    }

    private static void CheckLeak(ScoreCase x) => Leaks(x).ShouldBeFalse();

    /// <summary>Whether another last token changes outputs before it.</summary>
    private static bool Leaks(ScoreCase x)
    {
        Tensor[] inputs = x.Inputs(2, Device.Cpu);
        int last = (x.Queries - 1) * x.Heads * x.ValueDim;
        int[] before = Samples.Bits(x.Run(inputs));
        foreach (Tensor input in inputs.AsSpan(0, 3)) input.AsSpan()[^(input.Shape[2] * input.Shape[3])..].Fill(9f);
        int[] after = Samples.Bits(x.Run(inputs));
        after[last..].ShouldNotBe(before[last..]);
        return !after.AsSpan(0, last).SequenceEqual(before.AsSpan(0, last));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(10, 11)]
    [InlineData(130, 130)]
    [InlineData(130, 1000)]
    public void Row48_TopKOfAllKeysOrMore_EqualsFullBitForBit(int length, int k)
    {
        ScoreCase full = new(length, length, Heads: 2, Cap: 2, Distances: true, Causal: false), chosen = full with { TopK = k };
        Tensor[] inputs = full.Inputs(3, Device.Cpu);
        Samples.Bits(chosen.Run(inputs)).ShouldBe(Samples.Bits(full.Run(inputs)));
        chosen.Run(inputs).Shape[1].ShouldBe(length);
        // The document's four chunks of length / 4 leave the remainder out.
        const int Chunks = 4;
        Ops.Concat(1, [.. Enumerable.Range(0, Chunks).Select(chunk => inputs[0].Slice(1, chunk * (length / Chunks), length / Chunks))]).Shape[1].ShouldBe(length - 2);
        Samples.Bits((chosen with { TopK = length / 2 }).Run(inputs)).ShouldNotBe(Samples.Bits(full.Run(inputs)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(129)]
    public void Row48_TopKWithTies_KeepsExactlyKAndTheFirstOfEqualOnes(int k)
    {
        // Few different numbers: all products are exact, most scores have equals.
        const int Queries = 65, Keys = 130;
        Tensor q = Coarse(1, 1, Queries, 2, 4), key = Coarse(2, 1, Keys, 1, 4), v = Samples.Make(3, [1, Keys, 1, 5], Device.Cpu);
        AttentionScores scores = new() { Scale = 0.5f, TopK = k };
        AttentionResult result = Ops.AttentionWithWeights(q, key, v, scores);
        AttentionResult expected = Ops.AttentionWithWeights(q.To(Device.Reference), key.To(Device.Reference), v.To(Device.Reference), scores);
        Samples.ShouldMatch(result.Output, expected.Output, 1e-5, 1e-5);
        float[] weights = result.Weights([.. Enumerable.Range(0, Queries).Select(i => (0, 1, i))]).ToArray();
        float[] queries = q.ToArray(), keys = key.ToArray();
        for (int i = 0; i < Queries; i++)
        {
            float[] products = [.. Enumerable.Range(0, Keys).Select(j => Enumerable.Range(0, 4).Sum(d => queries[(i * 2 + 1) * 4 + d] * keys[j * 4 + d]))];
            int[] wanted = [.. Enumerable.Range(0, Keys).OrderByDescending(j => products[j]).Take(k).Order()];
            Enumerable.Range(0, Keys).Where(j => weights[i * Keys + j] > 0).ShouldBe(wanted, $"query {i}");
        }
    }

    private static Tensor Coarse(int seed, params int[] sizes)
    {
        Random random = new(seed);
        Tensor tensor = Tensor.Zeros(new Shape(sizes));
        foreach (ref float value in tensor.AsSpan()) value = random.Next(-2, 3) / 2f;
        return tensor;
    }

    [Fact]
    public void Row12_RowThatSeesNothing_GivesZeroAndNoGradientWhateverModifiesIt()
    {
        // Bias −∞ everywhere, a bit mask, and a sink that would take all the weight.
        foreach (string kind in new[] { "bias", "mask" })
        {
            ScoreCase x = new(10, 10, Heads: 2, Mask: kind == "mask" ? "odd" : "", Bias: kind == "bias" ? "full" : "", Distances: true, Sinks: true, TopK: 4, Causal: false);
            Tensor[] inputs = x.Inputs(4, Device.Cpu);
            for (int head = 0; head < 2 && kind == "bias"; head++) inputs[3].AsSpan().Slice((head * 10 + 4) * 10, 10).Fill(float.NegativeInfinity);
            inputs[0].AsSpan().Slice(4 * 16, 16).Fill(float.NaN); // query 4 is the blind one in both
            foreach (Tensor input in inputs) input.RequiresGradient = true;
            using GradientTape tape = new();
            Tensor output = x.Run(inputs);
            tape.Backward(output.Square().Sum());
            output.ToArray()[(4 * 16)..(5 * 16)].ShouldAllBe(value => value == 0f);
            inputs[0].Gradient!.ToArray()[(4 * 16)..(5 * 16)].ShouldAllBe(value => value == 0f);
            foreach (Tensor input in inputs) input.Gradient!.ToArray().ShouldAllBe(value => float.IsFinite(value));
        }
    }

    [Fact]
    public void Row12_SinkAlone_LeavesABlindRowsLogSumExpAtMinusInfinity()
    {
        Tensor x = Samples.Make(1, [1, 2, 1, 4], Device.Cpu), sinks = Tensor.Full(new Shape(1), 3, Device.Cpu);
        Tensor bias = Tensor.From([float.NegativeInfinity, float.NegativeInfinity, 0, 0], new Shape(2, 2));
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            float[] sums = Ops.AttentionWithWeights(x.To(device), x.To(device), x.To(device), new() { Sinks = sinks.To(device), Bias = bias.To(device) }).LogSumExp.ToArray();
            sums[0].ShouldBe(float.NegativeInfinity);
            sums[1].ShouldBeGreaterThan(3f);
        }
    }

    [Fact]
    public void Row12_NaNBehindABiasOfMinusInfinity_DoesNotLeak()
    {
        Tensor q = Samples.Make(1, [1, 70, 1, 8], Device.Cpu), k = Samples.Make(2, [1, 70, 1, 8], Device.Cpu), v = Samples.Make(3, [1, 70, 1, 8], Device.Cpu);
        Tensor bias = Tensor.Zeros(new Shape(1, 70));
        bias.AsSpan()[5] = float.NegativeInfinity;
        int[] before = Samples.Bits(Ops.Attention(q, k, v, new AttentionScores { Bias = bias }));
        k.AsSpan().Slice(5 * 8, 8).Fill(float.NaN);
        v.AsSpan().Slice(5 * 8, 8).Fill(float.PositiveInfinity);
        Samples.Bits(Ops.Attention(q, k, v, new AttentionScores { Bias = bias })).ShouldBe(before);
    }

    [Fact]
    public void Row14_SoftmaxOfManyKeys_IsSummedInFloatNotInHalf()
    {
        // In half precision a sum of ones stops growing at 2048.
        const int Keys = 3000;
        Tensor q = Tensor.Zeros(new Shape(1, 1, 1, 4)), k = Samples.Make(1, [1, Keys, 1, 4], Device.Cpu), v = Tensor.Ones(new Shape(1, Keys, 1, 1));
        Ops.Attention(q, k, v, new AttentionScores { Sinks = Tensor.Zeros(new Shape(1)) }).ToArray()[0].ShouldBe(Keys / (Keys + 1f), 1e-6f);
        Half wrong = (Half)0;
        for (int j = 0; j < Keys; j++) wrong += (Half)1;
        ((float)wrong).ShouldBe(2048f);
    }

    [Fact]
    public void Row14_HalfPrecisionInputs_StayWithinAThousandthOfFloat()
    {
        ScoreCase x = new(65, 130, Heads: 2, Dim: 16, ValueDim: 16, Distances: true, Sinks: true);
        Tensor[] inputs = x.Inputs(6, Device.Cpu), half = [.. inputs.Select(input => input.Clone())];
        foreach (Tensor input in half)
            foreach (ref float value in input.AsSpan()) value = (float)(Half)value;
        Samples.ShouldMatch(x.Run(half), x.Run(inputs), 0, 1e-3);
    }

    [Fact]
    public void Sinks_LogitMuchGreaterThanAllScores_TakesTheWeight()
    {
        Tensor x = Samples.Make(1, [1, 5, 1, 4], Device.Cpu);
        Ops.Attention(x, x, x, new AttentionScores { Sinks = Tensor.Full(new Shape(1), 200, Device.Cpu) }).ToArray().ShouldAllBe(value => MathF.Abs(value) < 1e-30f);
        Tensor none = Tensor.Full(new Shape(1), double.NegativeInfinity, Device.Cpu);
        Samples.Bits(Ops.Attention(x, x, x, new AttentionScores { Sinks = none })).ShouldBe(Samples.Bits(Ops.Attention(x, x, x, new AttentionScores())));
    }
}
