using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Caches whose windowed layers keep the latest tokens alone, beside caches that keep all: the same bits.</summary>
public sealed class RollingCacheTests
{
    private const int Vocab = 31, Window = 20, Slots = 320, Room = Slots - Window + 1;

    private static readonly ModelConfig s_config = new()
    {
        HiddenSize = 32,
        IntermediateSize = 40,
        NumLayers = 3,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = Vocab,
        MaxSeqLen = 1100,
        Window = Window,
    };

    private static readonly int[] s_tokens = [.. Enumerable.Range(0, 1100).Select(i => i * i * 7 % 113 % Vocab)];

    public static TheoryData<string> Patterns => ["all", "every second", "from the second", "odd window", "alibi", "relative", "learned", "capped top-k", "qk norm", "sinks"];

    [Theory, MemberData(nameof(Patterns))]
    public void Forward_DecodeOfManyWindows_GivesTheBitsOfACacheThatKeepsAll(string pattern)
    {
        Transformer model = Build(ConfigOf(pattern));
        using KvCache rolling = model.CreateCache(), whole = model.CreateCache(rolling: false);
        using TensorScope scope = new(recycles: true);
        for (int i = 0; i < 900; i++)
        {
            using TensorScope.Lease step = scope.Enter();
            Tensor expected = model.Forward(s_tokens.AsSpan(i, 1), whole), got = model.Forward(s_tokens.AsSpan(i, 1), rolling);
            got.AsSpan().SequenceEqual(expected.AsSpan()).ShouldBeTrue($"token {i}");
        }
        rolling.Bytes.ShouldBeLessThan(whole.Bytes);
    }

    [Theory]
    [InlineData(1, "every second")]
    [InlineData(3, "every second")]
    [InlineData(5, "all")]
    [InlineData(256, "all")]
    [InlineData(Room, "all")]
    [InlineData(Room + 1, "alibi")]
    [InlineData(700, "capped top-k")]
    [InlineData(1100, "every second")]
    [InlineData(1100, "alibi")]
    public void Forward_PrefillInAnyChunks_GivesTheBitsOfOneShot(int chunk, string pattern)
    {
        Transformer model = Build(ConfigOf(pattern));
        float[] oneShot = Whole(model, s_tokens);
        using KvCache cache = model.CreateCache();
        List<float> chunks = [];
        for (int i = 0; i < s_tokens.Length; i += chunk)
            chunks.AddRange(model.Forward(s_tokens.AsSpan(i, Math.Min(chunk, s_tokens.Length - i)), cache, rows: LogitRows.All).ToArray());
        chunks.ToArray().ShouldBe(oneShot);
        model.Forward(s_tokens, rows: LogitRows.All).ToArray().ShouldBe(oneShot, "without a cache");
    }

    [Theory]
    [InlineData(true, 1100)]
    [InlineData(false, 1100)]
    [InlineData(true, 130)]
    [InlineData(false, 130)]
    public void Forward_RaggedRows_GiveTheBitsOfSingleRows(bool left, int chunk)
    {
        Transformer model = Build(ConfigOf("every second"));
        int[][] rows = [s_tokens[..700], s_tokens[5..15], s_tokens[100..430], s_tokens[3..903]];
        using KvCache cache = model.CreateCache(rows.Length);
        float[] prompt = [], more = [];
        for (int start = 0; start < 900; start += chunk)
        {
            int seq = Math.Min(chunk, 900 - start);
            int[] tokens = new int[rows.Length * seq], positions = new int[tokens.Length];
            for (int r = 0; r < rows.Length; r++)
                for (int i = 0; i < seq; i++)
                {
                    int at = start + i - (left ? 900 - rows[r].Length : 0);
                    bool real = at >= 0 && at < rows[r].Length;
                    (tokens[r * seq + i], positions[r * seq + i]) = real ? (rows[r][at], at) : (7, -1);
                }
            prompt = model.Forward(tokens, cache, positions).ToArray();
        }
        for (int i = 0; i < 40; i++) more = model.Forward([11, 12, 14, i % Vocab], cache).ToArray();
        for (int r = 0; r < rows.Length; r++)
        {
            int[] next = [.. Enumerable.Range(0, 40).Select(i => r == 3 ? i % Vocab : new[] { 11, 12, 14 }[r])];
            float[] alone = Whole(model, [.. rows[r], .. next]);
            if (left || chunk == 1100) prompt.AsSpan(r * Vocab, Vocab).ToArray().ShouldBe(alone.AsSpan((rows[r].Length - 1) * Vocab, Vocab).ToArray(), $"row {r}");
            more.AsSpan(r * Vocab, Vocab).ToArray().ShouldBe(alone[^Vocab..], $"row {r}, 40 tokens later");
        }
    }

    [Fact]
    public void Forward_AnyThreadCount_GivesTheSameBits()
    {
        float[] expected = Whole(Build(ConfigOf("every second")), s_tokens);
        foreach (int threads in new[] { 1, 2, 3 })
        {
            Transformer model = new(ConfigOf("every second"), new RandomWeights(1, 3, Device.CreateCpu(threads)));
            using KvCache cache = model.CreateCache();
            float[] first = model.Forward(s_tokens.AsSpan(0, 650), cache, rows: LogitRows.All).ToArray();
            float[] rest = model.Forward(s_tokens.AsSpan(650), cache, rows: LogitRows.All).ToArray();
            ((float[])[.. first, .. rest]).ShouldBe(expected, $"{threads} threads");
        }
    }

    [Fact]
    public void Forward_OnTheReferenceDevice_RollsToTheSameBitsAndAgreesWithTheCpu()
    {
        ModelConfig config = ConfigOf("every second") with { HiddenSize = 16, IntermediateSize = 16, NumLayers = 2 };
        Transformer reference = new(config, new RandomWeights(1, 2, Device.Reference)), cpu = new(config, new RandomWeights(1, 2));
        using KvCache rolling = reference.CreateCache(), whole = reference.CreateCache(rolling: false), ours = cpu.CreateCache();
        foreach ((int start, int count) in new[] { (0, 400), (400, 1), (401, 3) })
        {
            ReadOnlySpan<int> tokens = s_tokens.AsSpan(start, count);
            float[] expected = reference.Forward(tokens, whole, rows: LogitRows.All).ToArray();
            reference.Forward(tokens, rolling, rows: LogitRows.All).ToArray().ShouldBe(expected);
            float[] got = cpu.Forward(tokens, ours, rows: LogitRows.All).ToArray();
            got.Zip(expected, (a, b) => Math.Abs(a - b)).Max().ShouldBeLessThan(1e-5f);
        }
    }

    [Fact]
    public void Bytes_OfALongRow_AreThoseOfTheWindow()
    {
        ModelConfig config = s_config with { MaxSeqLen = 1 << 20, NumLayers = 4 };
        const long PerToken = 2 * 2 * 8 * sizeof(float);
        foreach ((int every, int from, int windowed) in new[] { (1, 0, 4), (2, 0, 2), (1, 3, 1) })
        {
            Transformer model = Build(config with { WindowEvery = every, WindowFrom = from });
            using KvCache cache = model.CreateCache(batch: 2);
            cache.Bytes.ShouldBe(0);
            for (int start = 0; start < 5000; start += 500)
                model.Forward([.. Cyclic(start, 500), .. Cyclic(start, 500)], cache);
            (cache.Length(0), cache.Length(1)).ShouldBe((5000, 5000));
            cache.Bytes.ShouldBe(2 * PerToken * (windowed * Slots + (4L - windowed) * cache.Capacity), $"every {every}, from {from}");
        }
    }

    [Theory]
    [InlineData(1, 0, 5)]
    [InlineData(1, 0, 1100)]
    [InlineData(2, 0, 1100)]
    [InlineData(1, 2, 700)]
    public void CacheBytes_OfTheConfiguration_AreThoseOfACache(int every, int from, int tokens)
    {
        ModelConfig config = s_config with { WindowEvery = every, WindowFrom = from };
        using KvCache cache = Build(config).CreateCache(maxPositions: tokens);
        Build(config).Forward(s_tokens.AsSpan(0, tokens), cache);
        config.CacheBytes(tokens).ShouldBe(cache.Bytes);
        Should.Throw<ArgumentOutOfRangeException>(() => config.CacheBytes(1101));
    }

    [Fact]
    public void Cache_WindowOfTheWholeLength_KeepsAll()
    {
        foreach (int window in new[] { 1100, 5000, 0, 1100 - 300 })
        {
            Transformer model = Build(s_config with { Window = window });
            using KvCache cache = model.CreateCache(), whole = model.CreateCache(rolling: false);
            cache.CanTruncate.ShouldBe(window is 0 or >= 1000, $"window {window}");
            if (!cache.CanTruncate) continue;
            model.Forward(s_tokens, cache);
            model.Forward(s_tokens, whole);
            cache.Bytes.ShouldBe(whole.Bytes);
            cache.Truncate(0, 3);
        }
    }

    [Fact]
    public void CreateCache_ForRowsWithinTheSlots_KeepsAll()
    {
        using KvCache cache = Build(s_config).CreateCache(maxPositions: Slots);
        cache.CanTruncate.ShouldBeTrue();
        Should.Throw<ArgumentOutOfRangeException>(() => Build(s_config).Forward(s_tokens.AsSpan(0, Slots + 1), cache)).Message.ShouldContain($"bound of {Slots} tokens; expected 0 to {Slots - 1}");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(Slots)]
    [InlineData(Slots + 1)]
    [InlineData(900)]
    public void Truncate_AnyLengthThatItMayHave_GoesOnAsACacheThatKeepsAll(int length)
    {
        Transformer model = Build(ConfigOf("every second"));
        float[] expected = Whole(model, s_tokens);
        int least = length <= Slots ? 1 : length - Room;
        for (int kept = 0; kept <= length; kept += Math.Max(1, Math.Min(97, least - 1 - kept)))
        {
            using KvCache cache = model.CreateCache();
            model.Forward(s_tokens.AsSpan(0, length), cache);
            bool can = kept == 0 || kept >= least;
            cache.CanTruncateTo(0, kept).ShouldBe(can, $"{kept} of {length}");
            if (!can)
            {
                Should.Throw<NotSupportedException>(() => cache.Truncate(0, kept)).Message.ShouldContain($"length is {kept}; expected 0, or {least} to {length}");
                cache.Length().ShouldBe(length);
                continue;
            }
            cache.Truncate(0, kept);
            float[] got = model.Forward(s_tokens.AsSpan(kept, 30), cache, rows: LogitRows.All).ToArray();
            got.ShouldBe(expected[(kept * Vocab)..((kept + 30) * Vocab)], $"{kept} of {length}");
        }
    }

    [Fact]
    public void Truncate_Twice_RemembersWhatThePushedOutTokensWere()
    {
        Transformer model = Build(s_config);
        float[] expected = Whole(model, s_tokens);
        using KvCache cache = model.CreateCache();
        model.Forward(s_tokens.AsSpan(0, 600), cache);
        cache.Truncate(0, 400);
        cache.CanTruncateTo(0, 600 - Room).ShouldBeTrue();
        cache.CanTruncateTo(0, 600 - Room - 1).ShouldBeFalse("the tokens from 400 to 599 have pushed its window out");
        cache.Truncate(0, 600 - Room);
        model.Forward(s_tokens.AsSpan(600 - Room, 500), cache, rows: LogitRows.All).ToArray().ShouldBe(expected[((600 - Room) * Vocab)..((1100 - Room) * Vocab)]);
        Should.Throw<ArgumentOutOfRangeException>(() => cache.CanTruncateTo(1, 0)).Message.ShouldContain("CanTruncateTo: got row 1; expected 0 to 0");
        Should.Throw<ArgumentOutOfRangeException>(() => cache.CanTruncateTo(0, 1100)).Message.ShouldContain($"got length 1100; expected 0 to {1100 - Room}, the tokens of row 0");
        cache.Clear();
        model.Forward(s_tokens.AsSpan(0, 40), cache).ToArray().ShouldBe(expected[(39 * Vocab)..(40 * Vocab)]);
        cache.Truncate(0, 1);
    }

    [Fact]
    public void Forward_PositionsWrittenAgain_AreRefusedWhereTheirWindowIsGone()
    {
        Transformer model = Build(s_config);
        float[] expected = Whole(model, s_tokens);
        using KvCache cache = model.CreateCache();
        model.Forward(s_tokens.AsSpan(0, 600), cache);
        model.Forward(s_tokens.AsSpan(600 - Room, 2), cache, [600 - Room, 601 - Room]).ToArray().ShouldBe(expected[((601 - Room) * Vocab)..((602 - Room) * Vocab)]);
        cache.Length().ShouldBe(600);
        ArgumentOutOfRangeException gone = Should.Throw<ArgumentOutOfRangeException>(() => model.Forward(s_tokens.AsSpan(0, 1), cache, [599 - Room]));
        gone.Message.ShouldContain($"position {599 - Room} of row 0 looks back at tokens that are gone");
        // In one call the later position pushes the earlier one's window out.
        Should.Throw<ArgumentOutOfRangeException>(() => model.Forward([1, 1], cache, [600, 600 - Room])).Message.ShouldContain("are gone");
        int[] disorder = [.. Enumerable.Range(600, Room + 1)];
        disorder[^1]--;
        Should.Throw<ArgumentException>(() => model.Forward(s_tokens.AsSpan(0, Room + 1), cache, disorder)).Message.ShouldContain($"position {599 + Room} comes after {599 + Room}");
        cache.Length().ShouldBe(600);
        model.Forward(s_tokens.AsSpan(600, 1), cache).ToArray().ShouldBe(expected[(600 * Vocab)..(601 * Vocab)]);
    }

    [Theory]
    [InlineData(5, 600)]
    [InlineData(Room + 5, 0)]
    public void Forward_Cancelled_LeavesARowThatWorks(int tokens, int left)
    {
        using CancellationTokenSource source = new();
        Transformer model = new(s_config, new RandomWeights(1, 3, Device.Create("probe", DType.Float32, new ProbeBackend(4, source)))), plain = Build(s_config);
        using KvCache cache = model.CreateCache();
        model.Forward(s_tokens.AsSpan(0, 300), cache);
        // The probe cancels in its fourth attention: the first block of this call has stored its tokens, the others have not.
        Should.Throw<OperationCanceledException>(() => model.Forward(s_tokens.AsSpan(300, 300), cache, cancellation: source.Token));
        cache.Length().ShouldBe(300);
        model.Forward(s_tokens.AsSpan(300, 300), cache);
        using CancellationTokenSource already = new();
        already.Cancel();
        Should.Throw<OperationCanceledException>(() => model.Forward(s_tokens.AsSpan(600, tokens), cache, cancellation: already.Token));
        cache.Length().ShouldBe(left);
        model.Forward(s_tokens.AsSpan(left, 3), cache).ToArray().ShouldBe(Whole(plain, s_tokens[..(left + 3)])[^Vocab..]);
    }

    [Fact]
    public void Forward_CacheOfAnotherWindow_IsAClearError()
    {
        using KvCache narrow = Build(s_config).CreateCache(), whole = Build(s_config).CreateCache(rolling: false);
        Should.Throw<ArgumentException>(() => Build(s_config with { Window = Window + 1 }).Forward([1], narrow)).Message.ShouldContain("windows of up to 20 tokens; the model's sees 21");
        Should.Throw<ArgumentException>(() => Build(s_config with { WindowEvery = 2 }).Forward([1], narrow)).Message.ShouldContain("layer 1 keeps windows of up to 20 tokens; the model's sees all");
        Build(s_config with { Window = Window - 1 }).Forward([1], narrow).Shape[1].ShouldBe(Vocab);
        Build(s_config with { WindowEvery = 2 }).Forward([1], whole).Shape[1].ShouldBe(Vocab);
    }

    [Fact]
    public void KvCache_WindowsThatDoNotFit_AreClearErrors()
    {
        Should.Throw<ArgumentException>(() => new KvCache(2, 1, 1, 8, 100, windows: [4])).Message.ShouldContain("1 windows for 2 layers; expected 2");
        Should.Throw<ArgumentOutOfRangeException>(() => new KvCache(1, 1, 1, 8, 100, windows: [-1]));
    }

    [Fact]
    public void Forward_DecodeInSteadyState_AllocatesNothingManaged()
    {
        Transformer model = new(ConfigOf("every second") with { MaxSeqLen = 4096 }, new RandomWeights(1, 3, Device.CreateCpu(1)));
        using KvCache cache = model.CreateCache();
        using TensorScope scope = new(recycles: true);
        model.Forward(Cyclic(0, 2049), cache);
        void Decode(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                using TensorScope.Lease step = scope.Enter();
                int token = i % Vocab;
                model.Forward(new ReadOnlySpan<int>(in token), cache);
            }
        }
        Decode(200); // The cache grows for the last time.
        SteadyState.ManagedBytes(() => Decode(400)).ShouldBe(0);
    }

    private static ModelConfig ConfigOf(string pattern) => pattern switch
    {
        "all" => s_config,
        "every second" => s_config with { WindowEvery = 2 },
        "from the second" => s_config with { WindowFrom = 1 },
        "odd window" => s_config with { Window = 67, HeadDim = 6, NumHeads = 3, NumKvHeads = 1 },
        "alibi" => s_config with { Positions = PositionKind.Alibi },
        "relative" => s_config with { Positions = PositionKind.Relative },
        "learned" => s_config with { Positions = PositionKind.Learned },
        "capped top-k" => s_config with { AttentionTopK = 7, AttentionSoftCap = 10 },
        "sinks" => s_config with { AttentionSinks = true, WindowEvery = 2 },
        _ => s_config with { QkNorm = true },
    };

    private static int[] Cyclic(int start, int count) => [.. Enumerable.Range(start, count).Select(i => i * 5 % Vocab)];

    /// <summary>The logits of all tokens, read at once into a cache that keeps all.</summary>
    private static float[] Whole(Transformer model, int[] tokens)
    {
        using KvCache cache = model.CreateCache(rolling: false);
        return model.Forward(tokens, cache, rows: LogitRows.All).ToArray();
    }

    private static Transformer Build(ModelConfig config) => new(config, new RandomWeights(1, config.NumLayers));
}
