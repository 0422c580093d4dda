using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>The errata of the documents that a whole model shows; each test names its row.</summary>
public sealed class TransformerErrataTests
{
    private static readonly ModelConfig Small = new()
    {
        HiddenSize = 32,
        IntermediateSize = 48,
        NumLayers = 3,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = 61,
        MaxSeqLen = 96,
    };

    private static readonly int[] Tokens = [3, 17, 5, 60, 0, 22, 41, 8, 8, 13, 2, 59, 30, 30, 1, 44, 7, 19, 50, 6];

    [Fact]
    public void Row8_LongContext_AllocatesParametersAndNoMask()
    {
        ModelConfig config = Small with { MaxSeqLen = 1 << 20 };
        long before = GC.GetAllocatedBytesForCurrentThread();
        Transformer model = Build(config);
        using KvCache cache = model.CreateCache();
        // A mask of 2^20 × 2^20 would be terabytes, a table of positions megabytes; weights are managed memory too.
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
        cache.Bytes.ShouldBe(0);
        using TensorScope scope = new();
        using (scope.Enter()) model.Forward(Tokens, cache);
        scope.ReservedBytes.ShouldBeLessThan(1 << 20);
        cache.Capacity.ShouldBeLessThan(1024);
    }

    [Fact]
    public void Row9_ScaledKeys_ChangeTheResult()
    {
        Random random = new(9);
        Tensor q = Tensor.Normal(new Shape(1, 3, 2, 8), random), k = Tensor.Normal(new Shape(1, 5, 2, 8), random);
        Tensor v = Tensor.Normal(new Shape(1, 5, 2, 6), random);
        AttentionOptions options = new(1 / MathF.Sqrt(8));
        Tensor plain = Ops.Attention(q, k, v, options, causal: false), scaled = Ops.Attention(q, k * 3, v, options, causal: false);
        plain.AllClose(scaled, 1e-3, 1e-3).ShouldBeFalse("a cosine would not see the keys' length");
        // Keys and values come from outside: 5 of them for 3 queries, values of a size of their own.
        plain.Shape.ShouldBe(new Shape(1, 3, 2, 6));
    }

    [Fact]
    public void Row10_CachedDecode_EqualsTheFullForwardAtEveryStep()
    {
        Transformer model = Build(Small);
        float[] full = model.Forward(Tokens, rows: LogitRows.All).ToArray();
        using KvCache cache = model.CreateCache();
        for (int i = 0; i < Tokens.Length; i++)
            model.Forward(Tokens.AsSpan(i, 1), cache).ToArray().ShouldBe(full.AsSpan(i * 61, 61).ToArray(), $"step {i}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void Row11_PrefillInChunks_EqualsOneShot(int chunk)
    {
        Transformer model = Build(Small with { Window = 6, WindowEvery = 2 });
        float[] oneShot = model.Forward(Tokens, rows: LogitRows.All).ToArray();
        using KvCache cache = model.CreateCache();
        List<float> chunks = [];
        for (int i = 0; i < Tokens.Length; i += chunk)
            chunks.AddRange(model.Forward(Tokens.AsSpan(i, Math.Min(chunk, Tokens.Length - i)), cache, rows: LogitRows.All).ToArray());
        chunks.ToArray().ShouldBe(oneShot);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Row12_PaddedBatch_EqualsSingleRowsBitForBit(bool left)
    {
        Transformer model = Build(Small);
        int[][] rows = [[3, 17, 5, 60, 0, 22, 41], [8, 13], [2, 59, 30, 30, 1]];
        int seq = rows.Max(row => row.Length);
        int[] tokens = new int[rows.Length * seq], positions = new int[tokens.Length];
        for (int r = 0; r < rows.Length; r++)
        {
            for (int i = 0; i < seq; i++)
            {
                int at = left ? i - (seq - rows[r].Length) : i;
                bool real = at >= 0 && at < rows[r].Length;
                positions[r * seq + i] = real ? at : -1;
                tokens[r * seq + i] = real ? rows[r][at] : 7;
            }
        }
        using KvCache cache = model.CreateCache(rows.Length);
        float[] batch = model.Forward(tokens, cache, positions).ToArray();
        int[] next = [11, 12, 14];
        float[] second = model.Forward(next, cache).ToArray();
        for (int r = 0; r < rows.Length; r++)
        {
            using KvCache own = model.CreateCache();
            model.Forward(rows[r], own).ToArray().ShouldBe(batch.AsSpan(r * 61, 61).ToArray(), $"row {r}");
            model.Forward(next.AsSpan(r, 1), own).ToArray().ShouldBe(second.AsSpan(r * 61, 61).ToArray(), $"row {r}, next token");
        }
    }

    [Fact]
    public void Row13_CacheOverflow_IsAClearErrorAndLeavesTheCacheAsItWas()
    {
        Transformer model = Build(Small);
        using KvCache cache = model.CreateCache(maxPositions: 8);
        model.Forward(Tokens.AsSpan(0, 6), cache);
        ArgumentOutOfRangeException error = Should.Throw<ArgumentOutOfRangeException>(() => model.Forward(Tokens.AsSpan(6, 3), cache));
        error.Message.ShouldContain("position 8");
        error.Message.ShouldContain("8 tokens");
        cache.Length().ShouldBe(6);
        model.Forward(Tokens.AsSpan(6, 2), cache).Shape[0].ShouldBe(1);
    }

    [Fact]
    public void Row13_PositionsPerRow_AreIndependent()
    {
        Transformer model = Build(Small);
        using KvCache cache = model.CreateCache(2);
        model.Forward([3, 17, 5, 8, 7, 7], cache, [0, 1, 2, 0, -1, -1]);
        (cache.Length(0), cache.Length(1)).ShouldBe((3, 1));
        Should.Throw<ArgumentOutOfRangeException>(() => model.Forward([1, 1], cache, [3, 5])).Message.ShouldContain("gap");
    }

    [Fact]
    public void Row14_HalfPrecisionScores_StayCloseToFloat()
    {
        Random random = new(14);
        float[] scores = new float[64];
        for (int i = 0; i < scores.Length; i++) scores[i] = (random.NextSingle() - 0.5f) * 16;
        float[] half = [.. scores.Select(score => (float)(Half)score)];
        Tensor exact = Ops.Softmax(Tensor.From(scores)), rounded = Ops.Softmax(Tensor.From(half));
        exact.AllClose(rounded, 0, 1e-3).ShouldBeTrue();
        // The softmax itself is float32: its sum is 1 to float32's precision, which half would miss.
        rounded.ToArray().Sum(p => (double)p).ShouldBe(1, 1e-6);
    }

    [Fact]
    public void Row15_SinusoidalPositions_DoNotRepeatAfter62832()
    {
        Tensor table = SinusoidalPositions.Interleaved(62833, 512);
        float[] first = table.Select(0, 0).ToArray(), far = table.Select(0, 62832).ToArray();
        Math.Sqrt(first.Zip(far, (a, b) => Math.Pow((double)a - b, 2)).Sum()).ShouldBe(23.36, 0.01);
    }

    [Fact]
    public void Row16_RotatedScores_DependOnTheDistanceOnly_UpTo100000()
    {
        RotaryPositions rotary = new(64, 10000, 100_010, RopeLayout.HalfSplit, RopeScaling.None, Device.Cpu);
        Random random = new(16);
        Tensor q = Tensor.Normal(new Shape(1, 1, 1, 64), random), k = Tensor.Normal(new Shape(1, 1, 1, 64), random);
        double Score(int m, int n)
        {
            Tensor a = rotary.Apply(q.Clone(), [m]), b = rotary.Apply(k.Clone(), [n]);
            return a.ToArray().Zip(b.ToArray(), (x, y) => (double)x * y).Sum();
        }
        double near = Score(7, 0);
        foreach (int shift in new[] { 1, 100, 12_345, 100_000 }) Score(7 + shift, shift).ShouldBe(near, 1e-4, $"shift {shift}");
        // "Decays to 0" is wrong too: the score at a large distance can be larger than at a small one.
        Enumerable.Range(1, 400).Max(d => Math.Abs(Score(d * 200, 0))).ShouldBeGreaterThan(Math.Abs(near) / 4);
    }

    [Fact]
    public void Row17_GroupedHeadsEndToEnd_MatchesPyTorch()
    {
        // The listings never transpose K, never merge heads and forget the smaller number of key/value heads; any of these shows.
        GoldenModel golden = new("llama-gqa");
        using Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(""));
        checkpoint.Config.KvHeads.ShouldBeLessThan(checkpoint.Config.NumHeads);
        Transformer model = GoldenModel.Build(checkpoint);
        GoldenModel.Error(GoldenModel.Forward(model, golden.Sequences[0]), golden.Logits()[0]).ShouldBeLessThan(1e-4);
    }

    [Fact]
    public void Row20_SinusoidalPositions_TakeOddSizes()
    {
        Tensor table = SinusoidalPositions.Interleaved(3, 5);
        double slow = Math.Pow(10000, -0.8);
        float[] expected = [(float)Math.Sin(2), (float)Math.Cos(2), (float)Math.Sin(2 * Math.Pow(10000, -0.4)), (float)Math.Cos(2 * Math.Pow(10000, -0.4)), (float)Math.Sin(2 * slow)];
        table.Select(0, 2).ToArray().ShouldBe(expected);
        SinusoidalPositions.Concatenated(3, 5).Select(0, 2).ToArray().ShouldBe([expected[0], expected[2], expected[4], expected[1], expected[3]]);
    }

    [Fact]
    public void Row21_PositionsBeyondTheTables_GrowThemOrThrow()
    {
        RotaryPositions rotary = new(8, 10000, 1000, RopeLayout.Interleaved, RopeScaling.None, Device.Cpu);
        Tensor x = Tensor.Ones(new Shape(1, 1, 1, 8));
        rotary.Apply(x, [999]).ToArray().ShouldAllBe(value => float.IsFinite(value));
        Should.Throw<ArgumentOutOfRangeException>(() => rotary.Apply(x, [1000])).Message.ShouldContain("position 1000");
    }

    [Fact]
    public void Row23_NormsOfAFreshModel_HaveGainsOfOne()
    {
        Transformer model = Build(Small);
        Tensor y = model.Blocks[0].AttentionNorm.Forward(Tensor.Normal(new Shape(4, 32), new Random(23), deviation: 5));
        foreach (float[] row in y.ToArray().Chunk(32)) Math.Sqrt(row.Average(value => value * value)).ShouldBe(1, 1e-4);
    }

    [Theory]
    [InlineData(4096, 256, 1.0, 11008)]
    [InlineData(5120, 256, 1.0, 13824)]
    [InlineData(8192, 4096, 1.3, 28672)]
    public void Row25_FeedForwardSize_FollowsLlamasRule(int hidden, int multipleOf, double multiplier, int expected) =>
        ModelConfig.FeedForwardRule(hidden, multipleOf, multiplier).ShouldBe(expected);

    [Fact]
    public void Row25_UntiedSevenBillion_HasLlamasParameterCount()
    {
        new ModelConfig().ParameterCount().ShouldBe(6_738_415_616);
        (new ModelConfig { IntermediateSize = 2048 }).FeedForwardSize.ShouldBe(2048, "explicit sizes are taken as they are");
    }

    [Fact]
    public void Row24_FeedForward_HasNoBiases()
    {
        Transformer model = Build(Small);
        ((DenseLinear)model.Blocks[0].FeedForward.Up).Bias.ShouldBeNull();
        ((DenseLinear)model.Blocks[0].FeedForward.Down).Bias.ShouldBeNull();
    }

    [Fact]
    public void Row27_ResidualLayers_AreInitialisedSmaller()
    {
        Transformer model = new(Small, new RandomWeights(27, Small.NumLayers));
        Deviation(model.Blocks[1].FeedForward.Up).ShouldBe(0.02, 0.002);
        Deviation(model.Blocks[1].FeedForward.Down).ShouldBe(0.02 / Math.Sqrt(2 * Small.NumLayers), 0.001);
        Deviation(model.Blocks[1].Attention.Output).ShouldBe(0.02 / Math.Sqrt(2 * Small.NumLayers), 0.001);
    }

    [Fact]
    public void Row30_LossOfAFreshModel_IsTheLogarithmOfItsVocabulary()
    {
        Transformer model = Build(Small);
        Tensor logits = model.Forward(Tokens.AsSpan(0, 19), rows: LogitRows.All);
        int[] targets = Tokens[1..];
        Ops.CrossEntropy(logits, targets).Item().ShouldBe(Math.Log(61), 0.05);
        // Ignored rows change nothing, whatever their logits.
        int[] some = [.. targets.Select((target, i) => i % 2 == 0 ? target : -100)];
        double half = Ops.CrossEntropy(logits, some).Item();
        logits.AsSpan()[(1 * 61)..(2 * 61)].Fill(1e6f);
        Ops.CrossEntropy(logits, some).Item().ShouldBe(half);
    }

    [Fact]
    public void Row50_SelfAttentionWithoutMask_IsEquivariant_AndACausalMaskBreaksIt()
    {
        Random random = new(50);
        Tensor x = Tensor.Normal(new Shape(1, 4, 1, 8), random);
        int[] order = [2, 0, 3, 1];
        Tensor permuted = Ops.Stack(1, [.. order.Select(i => x.Select(1, i))]);
        AttentionOptions options = new(1 / MathF.Sqrt(8));
        Tensor Permuted(Tensor y) => Ops.Stack(1, [.. order.Select(i => y.Select(1, i))]);
        Ops.Attention(permuted, permuted, permuted, options, causal: false)
            .AllClose(Permuted(Ops.Attention(x, x, x, options, causal: false)), 1e-5, 1e-6).ShouldBeTrue();
        Ops.Attention(permuted, permuted, permuted, options).AllClose(Permuted(Ops.Attention(x, x, x, options)), 1e-3, 1e-3).ShouldBeFalse();
    }

    [Fact]
    public void Row53_PositionsGoOnFromTheCache_AndOverflowThrows()
    {
        ModelConfig learned = Small with { Positions = PositionKind.Learned, MaxSeqLen = 12 };
        Transformer model = Build(learned);
        float[] full = model.Forward(Tokens.AsSpan(0, 12), rows: LogitRows.All).ToArray();
        using KvCache cache = model.CreateCache();
        model.Forward(Tokens.AsSpan(0, 7), cache);
        model.Forward(Tokens.AsSpan(7, 5), cache).ToArray().ShouldBe(full.AsSpan(11 * 61, 61).ToArray());
        Should.Throw<ArgumentOutOfRangeException>(() => model.Forward(Tokens.AsSpan(12, 1), cache)).Message.ShouldContain("position 12");
    }

    [Fact]
    public void Forward_AnyThreadCount_GivesTheSameBits()
    {
        ModelConfig config = Small with { HiddenSize = 256, IntermediateSize = 700, VocabSize = 3001 };
        float[]? first = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            Transformer model = new(config, new RandomWeights(5, config.NumLayers, Device.CreateCpu(threads)));
            float[] logits = model.Forward(Tokens, rows: LogitRows.All).ToArray();
            (first ??= logits).ShouldBe(logits, $"{threads} threads");
        }
    }

    [Fact]
    public void Forward_Cancelled_LeavesTheCacheAsItWas()
    {
        Transformer model = Build(Small);
        using KvCache cache = model.CreateCache();
        model.Forward(Tokens.AsSpan(0, 4), cache);
        using CancellationTokenSource source = new();
        source.Cancel();
        Should.Throw<OperationCanceledException>(() => model.Forward(Tokens.AsSpan(4, 4), cache, cancellation: source.Token));
        cache.Length().ShouldBe(4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Forward_CancelledInABlock_DoesNotBeginTheNext(int block)
    {
        using CancellationTokenSource source = new();
        ProbeBackend probe = new(block, source);
        Transformer model = new(Small, new RandomWeights(1, Small.NumLayers, Device.Create("probe", DType.Float32, probe)));
        using KvCache cache = model.CreateCache();
        Should.Throw<OperationCanceledException>(() => model.Forward(Tokens, cache, cancellation: source.Token));
        probe.Attentions.ShouldBe(block);
        cache.Length().ShouldBe(0);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama-f16")]
    [InlineData("qwen3")]
    public void Forward_DecodeInSteadyState_AllocatesNothingManaged(string family)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Golden($"models/{family}"));
        Transformer model = GoldenModel.Build(checkpoint, Device.CreateCpu(1));
        using KvCache cache = model.CreateCache();
        using TensorScope scope = new(recycles: true);
        void Decode(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                if (cache.Length() == 40) cache.Truncate(0, 4);
                using TensorScope.Lease step = scope.Enter();
                int token = i % 60;
                model.Forward(new ReadOnlySpan<int>(in token), cache);
            }
        }
        Decode(200);
        SteadyState.ManagedBytes(() => Decode(200)).ShouldBe(0);
    }

    [Fact]
    public void Forward_AfterTheCheckpointIsGone_IsAnErrorNotACrash()
    {
        Transformer model;
        using (Checkpoint checkpoint = Checkpoint.Open(TestData.Golden("models/llama"))) model = GoldenModel.Build(checkpoint);
        Should.Throw<ObjectDisposedException>(() => model.Forward([1, 2]));
        KvCache cache = Build(Small).CreateCache();
        cache.Dispose();
        Should.Throw<ObjectDisposedException>(() => Build(Small).Forward([1], cache));
    }

    [Fact]
    public void Forward_TokenOutsideTheVocabulary_IsAClearError() =>
        Should.Throw<ArgumentOutOfRangeException>(() => Build(Small).Forward([61])).Message.ShouldContain("got token 61; expected 0 to 60");

    private static Transformer Build(ModelConfig config) => new(config, new RandomWeights(1, config.NumLayers));

    private static double Deviation(Linear layer)
    {
        float[] values = ((DenseLinear)layer).Weight.ToArray();
        return Math.Sqrt(values.Average(value => (double)value * value));
    }
}
