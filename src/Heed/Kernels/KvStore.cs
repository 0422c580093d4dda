using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>Writes the keys and values of some tokens of one kv head into the slots of their positions, rounded to the type that they are stored in.</summary>
internal static unsafe partial class KvStore
{
    /// <summary>Keys into panels; token i's key begins at keys[i · stride]. A negative position is not written.</summary>
    public static void Keys(ReadOnlySpan<float> keys, int stride, ReadOnlySpan<int> positions, in KvLayout layout, in KvPlaces places, Span<float> panels)
    {
        if (positions.IsEmpty) return;
        int headDim = layout.HeadDim;
        Check(nameof(Keys), keys.Length, stride, positions.Length, headDim);
        CheckRoom(nameof(Keys), panels.Length, layout.KeyWords(places.Count), places.Count);
        fixed (float* from = keys, to = panels)
        {
            for (int i = 0; i < positions.Length;)
            {
                int run = layout.Type == KvCacheType.F32 ? Run(positions[i..], places) : 1;
                if (positions[i] >= 0)
                {
                    if (layout.Type == KvCacheType.F32) KvPanels.Write(to, places.Of(positions[i]), run, from + ((long)i * stride), stride, headDim);
                    else WriteRounded(keys.Slice(i * stride, headDim), layout, places.Of(positions[i]), to);
                }
                i += run;
            }
        }
    }

    /// <summary>Values into rows; token i's value begins at values[i · stride]. A negative position is not written.</summary>
    public static void Values(ReadOnlySpan<float> values, int stride, ReadOnlySpan<int> positions, in KvLayout layout, in KvPlaces places, Span<float> rows)
    {
        CheckRoom(nameof(Values), rows.Length, layout.ValueWords(places.Count), places.Count);
        int words = layout.RowWords;
        for (int i = 0; i < positions.Length; i++)
        {
            if (positions[i] < 0) continue;
            ReadOnlySpan<float> value = values.Slice(i * stride, layout.ValueDim);
            Span<float> row = rows.Slice(places.Of(positions[i]) * words, words);
            if (layout.Type == KvCacheType.F32) value.CopyTo(row);
            else WriteRounded(value, layout.Type, row);
        }
    }

    private static void WriteRounded(ReadOnlySpan<float> value, KvCacheType type, Span<float> row)
    {
        fixed (float* to = row)
        {
            ushort* halves = (ushort*)to;
            if (type == KvCacheType.F16)
            {
                KvRounding.Halves(value, new Span<ushort>(halves, value.Length));
                return;
            }
            sbyte* quants = (sbyte*)(halves + KvLayout.Blocks(value.Length));
            for (int d = 0; d < value.Length; d += KvLayout.Block)
            {
                int count = Math.Min(KvLayout.Block, value.Length - d);
                halves[d / KvLayout.Block] = KvRounding.Block(value.Slice(d, count), new Span<sbyte>(quants + d, count));
            }
        }
    }

    [SkipLocalsInit]
    private static void WriteRounded(ReadOnlySpan<float> key, in KvLayout layout, int slot, float* panels)
    {
        int lane = slot % KvPanels.Width;
        ushort* halves = (ushort*)(panels + ((long)(slot / KvPanels.Width) * layout.PanelWords)) + lane;
        sbyte* quants = (sbyte*)(halves - lane + (KvLayout.Blocks(key.Length) * KvPanels.Width)) + lane;
        Span<ushort> rounded = stackalloc ushort[KvLayout.Block];
        Span<sbyte> whole = stackalloc sbyte[KvLayout.Block];
        for (int d = 0; d < key.Length; d += KvLayout.Block)
        {
            ReadOnlySpan<float> block = key.Slice(d, Math.Min(KvLayout.Block, key.Length - d));
            if (layout.Type == KvCacheType.F16)
            {
                KvRounding.Halves(block, rounded);
                for (int i = 0; i < block.Length; i++) halves[(d + i) * KvPanels.Width] = rounded[i];
                continue;
            }
            halves[d / KvLayout.Block * KvPanels.Width] = KvRounding.Block(block, whole[..block.Length]);
            for (int i = 0; i < block.Length; i++) quants[(d + i) * KvPanels.Width] = whole[i];
        }
    }

    /// <summary>How many positions follow one another, in slots side by side, from the first on; 1 for padding.</summary>
    private static int Run(ReadOnlySpan<int> positions, in KvPlaces places)
    {
        int first = positions[0];
        if (first < 0) return 1;
        int run = 1, most = places.Run(first, positions.Length);
        while (run < most && positions[run] == first + run) run++;
        return run;
    }

    private static void Check(string operation, int length, int stride, int tokens, int dim)
    {
        if (length < (tokens - 1L) * stride + dim)
            throw new ArgumentException($"KvStore.{operation}: {tokens} tokens {stride} floats apart do not fit {length} floats.");
    }

    private static void CheckRoom(string operation, int length, long words, int slots)
    {
        if (slots < 1 || length < words) throw new ArgumentException($"KvStore.{operation}: {slots} slots take {words} words of 32 bits; there are {length}.");
    }
}
