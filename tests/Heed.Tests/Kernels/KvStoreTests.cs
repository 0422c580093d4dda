using System.Runtime.InteropServices;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class KvStoreTests
{
    public static TheoryData<KvCacheType, int, int> Sizes
    {
        get
        {
            TheoryData<KvCacheType, int, int> all = [];
            foreach (KvCacheType type in Enum.GetValues<KvCacheType>())
                foreach ((int key, int value) in new[] { (1, 1), (5, 3), (32, 32), (64, 64), (80, 33), (31, 96), (128, 7) }) all.Add(type, key, value);
            return all;
        }
    }

    [Theory]
    [InlineData(KvCacheType.F32, 64, 64, 64 * 16, 64)]
    [InlineData(KvCacheType.F16, 64, 64, 64 * 8, 32)]
    [InlineData(KvCacheType.Q8_0, 64, 64, 68 * 4, 17)]
    [InlineData(KvCacheType.Q8_0, 80, 33, 86 * 4, 10)]
    [InlineData(KvCacheType.F16, 5, 3, 5 * 8, 2)]
    [InlineData(KvCacheType.Q8_0, 1, 1, 3 * 4, 1)]
    public void Words_OfATypeAndSizes_AreWhatItTakes(KvCacheType type, int headDim, int valueDim, int panel, int row)
    {
        KvLayout layout = new(type, headDim, valueDim);
        (layout.PanelWords, layout.RowWords).ShouldBe((panel, row));
        (layout.KeyWords(17), layout.ValueWords(17)).ShouldBe((2L * panel, 17L * row));
    }

    /// <summary>What is read is what was rounded; other slots, those of padding among them, and the memory around keep their bits.</summary>
    [Theory, MemberData(nameof(Sizes))]
    public void KeysAndValues_InAnyOrder_AreReadAsTheyWereRoundedAndTouchNothingElse(KvCacheType type, int headDim, int valueDim)
    {
        KvLayout layout = new(type, headDim, valueDim);
        KvSlots slots = new(64, 20);
        int[] positions = [70, 71, 72, 73, 5, -1, 14, 127, 128];
        float[] keys = Numbers.Random(1, positions.Length * (headDim + 3)), values = Numbers.Random(2, positions.Length * (valueDim + 1));
        int guard = 8;
        float[] panels = new float[layout.KeyWords(64) + guard], rows = new float[layout.ValueWords(64) + guard];
        const float Untouched = 7.77f;
        Array.Fill(panels, Untouched);
        Array.Fill(rows, Untouched);
        KvStore.Keys(keys, headDim + 3, positions, layout, slots, panels.AsSpan(0, panels.Length - guard));
        KvStore.Values(values, valueDim + 1, positions, layout, slots, rows.AsSpan(0, rows.Length - guard));
        panels[^guard..].ShouldAllBe(x => x == Untouched);
        rows[^guard..].ShouldAllBe(x => x == Untouched);
        HashSet<int> written = [.. positions.Where(p => p >= 0).Select(slots.Of)];
        fixed (float* k = panels, v = rows)
        {
            for (int i = 0; i < positions.Length; i++)
            {
                if (positions[i] < 0) continue;
                int slot = slots.Of(positions[i]);
                float[] key = keys[(i * (headDim + 3))..((i * (headDim + 3)) + headDim)], value = values[(i * (valueDim + 1))..((i * (valueDim + 1)) + valueDim)];
                KvRounding.Round(type, key);
                KvRounding.Round(type, value);
                for (int d = 0; d < headDim; d++) KvWidening.Key(layout, k, slot, d).ShouldBe(key[d], $"key {i}, {d}");
                for (int d = 0; d < valueDim; d++) KvWidening.Value(layout, v + (slot * layout.RowWords), d).ShouldBe(value[d], $"value {i}, {d}");
            }
            float[] blank = new float[panels.Length];
            Array.Fill(blank, Untouched);
            fixed (float* b = blank)
            {
                for (int slot = 0; slot < 64; slot++)
                {
                    if (written.Contains(slot)) continue;
                    for (int d = 0; d < headDim; d++) KvWidening.Key(layout, k, slot, d).ShouldBe(KvWidening.Key(layout, b, slot, d), $"slot {slot}, {d}");
                    rows[(slot * layout.RowWords)..((slot + 1) * layout.RowWords)].ShouldAllBe(x => x == Untouched);
                }
            }
        }
    }

    /// <summary>Strided rows of three heads of two batch rows, the second one shorter; enough of them for several threads.</summary>
    [Theory]
    [InlineData(KvCacheType.F32)]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void All_OnAnyNumberOfThreads_IsEachHeadByItself(KvCacheType type)
    {
        const int Batch = 2, Seq = 100, Heads = 3, KeyDim = 40, ValueDim = 24, Stride = 200, Slots = 128;
        KvLayout layout = new(type, KeyDim, ValueDim);
        AttentionShape shape = new() { Batch = Batch, Queries = Seq, Heads = Heads, KvHeads = Heads, HeadDim = KeyDim, ValueDim = ValueDim, KeyCapacity = Slots, Stored = type };
        float[] rows = Numbers.Random(5, Batch * Seq * Stride);
        int[] positions = [.. Enumerable.Range(0, Seq), .. Enumerable.Range(0, Seq).Select(i => i < 20 ? -1 : i - 20)];
        int keySize = (int)layout.KeyWords(Slots), valueSize = (int)layout.ValueWords(Slots);
        float[] keys = new float[Batch * Heads * keySize], values = new float[Batch * Heads * valueSize];
        for (int place = 0; place < Batch * Heads; place++)
        {
            int first = place / Heads * Seq, head = place % Heads;
            KvStore.Keys(rows.AsSpan((first * Stride) + (head * KeyDim)), Stride, positions.AsSpan(first, Seq), layout, new KvSlots(Slots), keys.AsSpan(place * keySize, keySize));
            KvStore.Values(rows.AsSpan((first * Stride) + 120 + (head * ValueDim)), Stride, positions.AsSpan(first, Seq), layout, new KvSlots(Slots), values.AsSpan(place * valueSize, valueSize));
        }
        foreach (int threads in new[] { 1, 3 })
        {
            using WorkerPool pool = new(threads);
            float[] gotKeys = new float[keys.Length], gotValues = new float[values.Length];
            KvStore.All(shape, rows, Stride, rows.AsSpan(120), Stride, positions, gotKeys, gotValues, pool);
            MemoryMarshal.Cast<float, int>(gotKeys).SequenceEqual(MemoryMarshal.Cast<float, int>(keys)).ShouldBeTrue($"keys, {threads} threads");
            MemoryMarshal.Cast<float, int>(gotValues).SequenceEqual(MemoryMarshal.Cast<float, int>(values)).ShouldBeTrue($"values, {threads} threads");
            Should.Throw<ArgumentException>(() => KvStore.All(shape, rows, Stride, rows, Stride, positions, gotKeys.AsSpan(1), gotValues, pool)).Message.ShouldContain("do not fit");
            Should.Throw<ArgumentException>(() => KvStore.All(shape, rows.AsSpan(0, 900), Stride, rows, Stride, positions, gotKeys, gotValues, pool));
        }
    }

    [Fact]
    public void Keys_TooLittleMemory_IsAClearError()
    {
        KvLayout layout = new(KvCacheType.F16, 8, 8);
        Should.Throw<ArgumentException>(() => KvStore.Keys(new float[8], 8, [0], layout, new KvSlots(16), new float[63])).Message.ShouldContain("16 slots take 64 words of 32 bits; there are 63");
        Should.Throw<ArgumentException>(() => KvStore.Values(new float[8], 8, [0], layout, new KvSlots(16), new float[63])).Message.ShouldContain("16 slots take 64 words of 32 bits; there are 63");
    }
}
