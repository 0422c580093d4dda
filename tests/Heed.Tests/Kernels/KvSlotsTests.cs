using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed class KvSlotsTests
{
    [Theory]
    [InlineData(1000, 0, 1000, 0)]
    [InlineData(8192, 4096, 4352, 4096)]
    [InlineData(8192, 4097, 4352, 4097)]
    [InlineData(8192, 4098, 4416, 4098)]
    [InlineData(4352, 4096, 4352, 0)]
    [InlineData(4353, 4096, 4352, 4096)]
    [InlineData(2048, 1, 256, 1)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, 0)]
    [InlineData(int.MaxValue, int.MaxValue - 300, int.MaxValue, 0)]
    public void For_AWindow_TakesWholeTilesForItAndForWhatIsStoredAtOnce(int positions, int window, int count, int rolls)
    {
        KvSlots slots = KvSlots.For(positions, window, tokens: 256);
        slots.ShouldBe(new KvSlots(count, rolls));
        if (slots.Rolls) (slots.Room >= 256, slots.Count % 64).ShouldBe((true, 0));
    }

    [Fact]
    public void Of_PositionsOfAWindow_AreDifferentSlots()
    {
        KvSlots slots = new(128, 65);
        slots.Room.ShouldBe(64);
        foreach (int first in new[] { 0, 1, 100, 127, 128, 5000 })
            Enumerable.Range(first, 128).Select(slots.Of).Distinct().Count().ShouldBe(128);
        (slots.Run(120, 100), slots.Run(128, 100), slots.Run(127, 1)).ShouldBe((8, 100, 1));
    }

    [Fact]
    public void Holds_WhatLaterTokensPushedOut_IsGone()
    {
        KvSlots slots = new(128, 65);
        // After 200 tokens there are positions 72 to 199: a query at 136 sees 72 to 136.
        slots.Holds(136, 200).ShouldBeTrue();
        slots.Holds(135, 200).ShouldBeFalse();
        slots.Holds(0, 128).ShouldBeTrue();
        slots.Holds(0, 129).ShouldBeFalse();
        new KvSlots(128).Holds(0, 129).ShouldBeTrue("nothing rolls");
    }

    /// <summary>The kernel over slots that roll gives the bits of the kernel over all keys, whatever lies in slots that nobody sees.</summary>
    [Theory]
    [InlineData(1, 16, 16, 0f, 0, false)]
    [InlineData(3, 40, 70, 0f, 0, false)]
    [InlineData(64, 32, 24, 5f, 0, true)]
    [InlineData(2, 8, 5, 0f, 7, true)]
    [InlineData(1, 40, 70, 0f, 0, false, KvCacheType.F16)]
    [InlineData(64, 32, 24, 5f, 0, true, KvCacheType.Q8_0)]
    [InlineData(2, 8, 5, 0f, 7, true, KvCacheType.Q8_0)]
    public void OverPanels_SlotsThatRoll_GivesTheBitsOfAllKeys(int queries, int headDim, int valueDim, float cap, int topK, bool biased, KvCacheType type = KvCacheType.F32)
    {
        const int Window = 65, Count = 128, Total = 500, Batch = 2, Heads = 4, KvHeads = 2;
        KvSlots rolling = new(Count, Window), all = new(512);
        using WorkerPool pool = new(2);
        KvLayout layout = new(type, headDim, valueDim);
        Stored a = new(Batch * KvHeads, layout, rolling), b = new(Batch * KvHeads, layout, all);
        float[] q = Numbers.Random(1, Batch * queries * Heads * headDim, 2), distances = biased ? Numbers.Random(2, Heads * 600, 1) : [];
        for (int first = 0; first + queries <= Total; first += queries)
        {
            int[] positions = [.. Enumerable.Range(first, queries)];
            for (int head = 0; head < Batch * KvHeads; head++)
            {
                float[] keys = Numbers.Random(3 + first + head, queries * headDim, 2), values = Numbers.Random(4 + first + head, queries * valueDim, 2);
                foreach (Stored stored in new[] { a, b }) stored.Write(head, keys, values, positions);
            }
            if (first % 8 != 0 && first + (2 * queries) <= Total) continue;
            int[] limits = [.. positions, .. positions];
            ScoreSpans scores = new() { Distances = distances, TopK = topK };
            AttentionShape shape = new()
            {
                Batch = Batch,
                Queries = queries,
                Heads = Heads,
                KvHeads = KvHeads,
                HeadDim = headDim,
                ValueDim = valueDim,
                Stored = type,
                QueryBatchStride = queries * Heads * headDim,
                QueryStride = Heads * headDim,
                QueryHeadStride = headDim,
                Scale = 0.3f,
                SoftCap = cap,
                Window = Window,
            };
            float[] expected = new float[limits.Length * Heads * valueDim], got = new float[expected.Length];
            FlashAttention.OverPanels(shape with { KeyCapacity = all.Count }, q, b.Panels, b.Rows, limits, default, expected, pool, scores);
            FlashAttention.OverPanels(shape with { KeyCapacity = Count }, q, a.Panels, a.Rows, limits, default, got, pool, scores);
            got.ShouldBe(expected, $"from {first}");
            expected.ShouldAllBe(x => float.IsFinite(x));
        }
    }

    [Fact]
    public void OverPanels_KeysThatHaveNoSlotOfTheirOwn_AreAClearError()
    {
        using WorkerPool pool = new(1);
        AttentionShape shape = new() { Batch = 1, Queries = 2, Heads = 1, KvHeads = 1, HeadDim = 1, ValueDim = 1, QueryStride = 1, KeyCapacity = 128, Scale = 1, Window = 100 };
        float[] memory = new float[128], q = new float[2], output = new float[2];
        void Run(AttentionShape s, params int[] limits) => FlashAttention.OverPanels(s, q, memory, memory, limits, default, output, pool);
        Run(shape, 300, 328);
        Should.Throw<ArgumentException>(() => Run(shape, 300, 329)).Message.ShouldContain("sees keys 201 to 329");
        Should.Throw<ArgumentException>(() => Run(shape with { Window = 0 }, 5, 128)).Message.ShouldContain("limit 128");
        Should.Throw<ArgumentException>(() => Run(shape with { Window = 129 }, 5, 128)).Message.ShouldContain("limit 128");
        Should.Throw<ArgumentException>(() => Run(shape with { KeyCapacity = 112 }, 5, 112)).Message.ShouldContain("limit 112");
    }

    /// <summary>Keys and values of some heads, in slots that hold NaN until they are written.</summary>
    private sealed class Stored
    {
        private readonly KvLayout _layout;
        private readonly KvSlots _slots;

        public Stored(int heads, KvLayout layout, KvSlots slots)
        {
            (_layout, _slots) = (layout, slots);
            Panels = new float[heads * layout.KeyWords(slots.Count)];
            Rows = new float[heads * layout.ValueWords(slots.Count)];
            Array.Fill(Panels, float.NaN);
            Array.Fill(Rows, float.NaN);
        }

        public float[] Panels { get; }

        public float[] Rows { get; }

        public void Write(int head, float[] keys, float[] values, int[] positions)
        {
            int keySize = (int)_layout.KeyWords(_slots.Count), valueSize = (int)_layout.ValueWords(_slots.Count);
            KvStore.Keys(keys, _layout.HeadDim, positions, _layout, _slots, Panels.AsSpan(head * keySize, keySize));
            KvStore.Values(values, _layout.ValueDim, positions, _layout, _slots, Rows.AsSpan(head * valueSize, valueSize));
        }
    }
}
