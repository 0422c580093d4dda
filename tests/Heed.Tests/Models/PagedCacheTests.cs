using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Rows in shared blocks: the bits of contiguous rows, the memory of what differs, and rows that change places.</summary>
public sealed class PagedCacheTests
{
    private const int Vocab = CachedModels.Vocab;
    private static readonly int[] s_tokens = [.. Enumerable.Range(0, 210).Select(i => i * i * 7 % 113 % Vocab)];

    public static TheoryData<string, KvCacheType> Models
    {
        get
        {
            TheoryData<string, KvCacheType> all = [];
            foreach (string name in CachedModels.Names)
                foreach (KvCacheType type in Enum.GetValues<KvCacheType>())
                    all.Add(name, type);
            return all;
        }
    }

    /// <summary>Blocks that were taken out of order, too: the second row takes turns with the first.</summary>
    [Theory, MemberData(nameof(Models))]
    public void Forward_RowsInBlocks_GivesTheBitsOfContiguousRows(string name, KvCacheType type)
    {
        Transformer model = Build(CachedModels.ConfigOf(name));
        int[] reversed = [.. s_tokens.Reverse()];
        using KvCache paged = model.CreatePagedCache(2, type: type);
        float[][] expected = [Whole(model, s_tokens, type), Whole(model, reversed, type)];
        for (int i = 0; i < s_tokens.Length; i += 30)
        {
            int[] both = [.. s_tokens.AsSpan(i, 30), .. reversed.AsSpan(i, 30)];
            float[] got = model.Forward(both, paged, rows: LogitRows.All).ToArray();
            got[..(30 * Vocab)].ShouldBe(expected[0].AsSpan(i * Vocab, 30 * Vocab).ToArray(), $"first row, from {i}");
            got[(30 * Vocab)..].ShouldBe(expected[1].AsSpan(i * Vocab, 30 * Vocab).ToArray(), $"second row, from {i}");
        }
    }

    [Fact]
    public void Forward_InBlocksOnTheReferenceBackend_IsWhatContiguousRowsGive()
    {
        Transformer model = new(CachedModels.Config, new RandomWeights(1, 3, Device.Reference));
        using KvCache paged = model.CreatePagedCache(1), plain = model.CreateCache();
        model.Forward(s_tokens.AsSpan(0, 70), paged);
        paged.Arrange(0, 0);
        model.Forward([5, 6], paged);
        model.Forward(s_tokens.AsSpan(0, 70), plain);
        model.Forward([6], plain);
        float[] expected = model.Forward([9], plain).ToArray();
        model.Forward([9, 9], paged).ToArray()[Vocab..].ShouldBe(expected);
    }

    [Theory]
    [InlineData(KvCacheType.F32)]
    [InlineData(KvCacheType.Q8_0)]
    public void Arrange_RowsThatWereOne_ShareTheirBlocksAndPartWhereTheyDiffer(KvCacheType type)
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreatePagedCache(type: type);
        model.Forward(s_tokens.AsSpan(0, 150), cache); // Two whole blocks, and 22 tokens of a third.
        long block = cache.UsedBytes / 3;
        cache.UsedBytes.ShouldBe(3 * block);
        cache.Arrange(0, 0, 0, 0);
        cache.UsedBytes.ShouldBe(3 * block, "nothing is copied");
        float[] logits = model.Forward([1, 2, 3, 4], cache).ToArray();
        cache.UsedBytes.ShouldBe((2 + 4) * block, "each has the last block of its own");
        logits = model.Forward([5, 5, 5, 5], cache).ToArray();
        for (int row = 0; row < 4; row++)
            logits.AsSpan(row * Vocab, Vocab).ToArray().ShouldBe(After(model, type, [.. s_tokens[..150], row + 1, 5]), $"row {row}");
        cache.Arrange(2, 1);
        cache.Batch.ShouldBe(2);
        cache.UsedBytes.ShouldBe((2 + 2) * block, "rows that are named no more give back theirs");
        model.Forward([7, 7], cache).ToArray()[..Vocab].ShouldBe(After(model, type, [.. s_tokens[..150], 3, 5, 7]));
        cache.Clear();
        cache.UsedBytes.ShouldBe(0);
    }

    /// <summary>A row that is cut back and written again must not change what others see.</summary>
    [Fact]
    public void Truncate_RowWithSharedBlocks_WritesOnInBlocksOfItsOwn()
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreatePagedCache();
        model.Forward(s_tokens.AsSpan(0, 128), cache);
        cache.Arrange(0, 0);
        cache.Truncate(1, 30);
        using (KvCache second = cache.View(1))
        {
            model.Forward([4, 5, 6], second);
            second.Length().ShouldBe(33);
        }
        cache.Length(1).ShouldBe(33);
        using (KvCache first = cache.View(0))
            model.Forward([3], first).ToArray().ShouldBe(After(model, KvCacheType.F32, [.. s_tokens[..128], 3]));
        using KvCache other = cache.View(1);
        model.Forward([3], other).ToArray().ShouldBe(After(model, KvCacheType.F32, [.. s_tokens[..30], 4, 5, 6, 3]));
    }

    /// <summary>Rewriting a position in the middle (a correction) parts the block, too.</summary>
    [Fact]
    public void Forward_OverAPositionOfASharedBlock_LeavesTheOtherRowAsItWas()
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreatePagedCache();
        model.Forward(s_tokens.AsSpan(0, 100), cache);
        cache.Arrange(0, 0);
        using (KvCache second = cache.View(1)) model.Forward([8], second, positions: [10]);
        using KvCache first = cache.View(0);
        model.Forward([3], first).ToArray().ShouldBe(After(model, KvCacheType.F32, [.. s_tokens[..100], 3]));
    }

    /// <summary>Random rows, forks, cuts and views against rows that are read anew.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Forward_AfterRandomArrangements_GivesWhatEachRowGivesAlone(int seed)
    {
        Transformer model = Build(CachedModels.ConfigOf("rolling"));
        using KvCache cache = model.CreatePagedCache();
        Random random = new(seed);
        List<List<int>> rows = [[]];
        for (int step = 0; step < 40; step++)
        {
            if (random.Next(3) == 0)
            {
                int[] order = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(-1, rows.Count))];
                cache.Arrange(order);
                rows = [.. order.Select(row => row < 0 ? [] : rows[row].ToList())];
            }
            int[] some = [.. Enumerable.Range(0, rows.Count).Where(_ => random.Next(2) == 0)];
            if (some.Length == 0) some = [0];
            foreach (int row in some)
            {
                if (random.Next(4) > 0) continue;
                int length = random.Next(rows[row].Count + 1);
                cache.Truncate(row, length);
                rows[row].RemoveRange(length, rows[row].Count - length);
            }
            int seq = random.Next(1, 50);
            int[] tokens = [.. Enumerable.Range(0, some.Length * seq).Select(_ => random.Next(Vocab))];
            for (int i = 0; i < some.Length; i++) rows[some[i]].AddRange(tokens.AsSpan(i * seq, seq));
            using KvCache view = cache.View(some);
            float[] logits = model.Forward(tokens, view).ToArray();
            int check = random.Next(some.Length);
            logits.AsSpan(check * Vocab, Vocab).ToArray().ShouldBe(After(model, KvCacheType.F32, [.. rows[some[check]]]), $"step {step}");
        }
        cache.Clear();
        cache.UsedBytes.ShouldBe(0, "no block is lost");
    }

    [Fact]
    public void Forward_MoreTokensThanThePoolHolds_IsAnErrorThatChangesNothing()
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreatePagedCache(2, maxTokens: 192);
        model.Forward([.. s_tokens[..64], .. s_tokens[..64]], cache);
        Should.Throw<InvalidOperationException>(() => model.Forward([1, 2], cache)).Message.ShouldContain("2 more blocks of 64 tokens are needed; 2 of 3 are in use");
        cache.Length(0).ShouldBe(64);
        cache.Arrange(0);
        model.Forward([1], cache).ToArray().ShouldBe(After(model, KvCacheType.F32, [.. s_tokens[..64], 1]));
    }

    [Fact]
    public void Forward_CancelledInABlock_LeavesTheRowsAsTheyWere()
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreatePagedCache();
        model.Forward(s_tokens.AsSpan(0, 64), cache);
        long used = cache.UsedBytes;
        Should.Throw<OperationCanceledException>(() => model.Forward(s_tokens.AsSpan(64, 100), cache, cancellation: new CancellationToken(canceled: true)));
        cache.Length().ShouldBe(64);
        cache.UsedBytes.ShouldBe(used);
    }

    /// <summary>Rows that have memory of their own are copied: slots that roll, states of mixers, what an encoder has read, keys of global tokens.</summary>
    [Theory]
    [InlineData("rolling")]
    [InlineData("longformer")]
    [InlineData("mamba")]
    [InlineData("local")]
    [InlineData("hard")]
    public void Arrange_RowsWithMemoryOfTheirOwn_GoOnAsTheRowsThatTheyWere(string name)
    {
        bool mixes = name is "mamba" or "local" or "hard";
        Transformer model = mixes ? MixerModels.Make(name) : Build(CachedModels.ConfigOf(name));
        int vocab = model.Config.VocabSize, length = mixes ? 6 : 150;
        int[][] texts = [[.. Enumerable.Range(0, length).Select(i => i * 5 % 11)], [.. Enumerable.Range(0, length).Select(i => i * 3 % 11)]];
        using KvCache cache = model.CreateCache(2);
        model.Forward([.. texts[0], .. texts[1]], cache);
        cache.Arrange(1, 0, 1);
        model.Forward([1, 2, 3], cache);
        float[] logits = model.Forward([4, 4, 4], cache).ToArray();
        for (int row = 0; row < 3; row++)
        {
            using KvCache alone = model.CreateCache();
            model.Forward(texts[row == 1 ? 0 : 1], alone);
            model.Forward([row + 1], alone);
            logits.AsSpan(row * vocab, vocab).ToArray().ShouldBe(model.Forward([4], alone).ToArray(), $"row {row}");
        }
    }

    [Fact]
    public void Arrange_RowsOfSources_TakeThemAlong()
    {
        Transformer model = Build((CachedModels.Config with { NumLayers = 2, MaxSeqLen = 64 }).WithEncoder());
        foreach (bool paged in new[] { false, true })
        {
            using KvCache cache = paged ? model.CreatePagedCache(2) : model.CreateCache(2), alone = model.CreateCache();
            model.Encode(new SourceRows([1, 2, 3], [9, 8, 7, 6]), cache);
            model.Forward([3, 3], cache);
            cache.Arrange(1, 1);
            float[] logits = model.Forward([4, 5], cache).ToArray();
            model.Encode(new SourceRows([9, 8, 7, 6]), alone);
            model.Forward([3], alone);
            logits[Vocab..].ShouldBe(model.Forward([5], alone).ToArray());
            if (paged) Should.Throw<NotSupportedException>(() => cache.View(0)).Message.ShouldContain("encoder");
        }
    }

    [Fact]
    public void ArrangeAndView_OfRowsThatAreNotThere_AreClearErrors()
    {
        Transformer model = Build(CachedModels.Config);
        using KvCache cache = model.CreatePagedCache(2), plain = model.CreateCache(2);
        Should.Throw<ArgumentOutOfRangeException>(() => cache.Arrange(0, 2)).Message.ShouldContain("KvCache.Arrange: got row 2; expected -1 to 1");
        Should.Throw<ArgumentException>(() => cache.Arrange()).Message.ShouldContain("got no rows");
        Should.Throw<ArgumentOutOfRangeException>(() => cache.View(-1)).Message.ShouldContain("KvCache.View: got row -1; expected 0 to 1");
        Should.Throw<ArgumentException>(() => cache.View(1, 1)).Message.ShouldContain("row 1 is named twice");
        Should.Throw<NotSupportedException>(() => plain.View(0)).Message.ShouldContain("not paged");
        using KvCache view = cache.View(1);
        Should.Throw<InvalidOperationException>(() => view.Arrange(0, 0)).Message.ShouldContain("is a view");
        Should.Throw<NotSupportedException>(() => MixerModels.Make("mamba").CreatePagedCache()).Message.ShouldContain("mixer is Mamba");
    }

    [Fact]
    public void Forward_OneTokenOfEachRow_AllocatesNothingManaged()
    {
        using Device device = Device.CreateCpu(1);
        Transformer model = new(CachedModels.Config, new RandomWeights(1, 3, device));
        using KvCache cache = model.CreatePagedCache(2);
        using TensorScope scope = new(recycles: true);
        void Decode(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                if (cache.Length() == 150)
                {
                    cache.Truncate(0, 4);
                    cache.Truncate(1, 4);
                }
                using TensorScope.Lease step = scope.Enter();
                model.Forward([i % Vocab, 3], cache);
            }
        }
        Decode(400);
        SteadyState.ManagedBytes(() => Decode(400)).ShouldBe(0);
    }

    /// <summary>The logits after some tokens, from a contiguous cache that keeps all.</summary>
    private static float[] After(Transformer model, KvCacheType type, int[] tokens)
    {
        using KvCache cache = model.CreateCache(rolling: false, type: type);
        return model.Forward(tokens, cache).ToArray();
    }

    private static float[] Whole(Transformer model, int[] tokens, KvCacheType type)
    {
        using KvCache cache = model.CreateCache(rolling: false, type: type);
        return model.Forward(tokens, cache, rows: LogitRows.All).ToArray();
    }

    private static Transformer Build(ModelConfig config) => new(config, new RandomWeights(1, config.NumLayers));
}
