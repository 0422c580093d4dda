namespace Heed.Kernels;

/// <summary>Writes the keys and values of some tokens of one kv head into the slots of their positions.</summary>
internal static unsafe class KvStore
{
    /// <summary>Keys into panels; token i's key begins at keys[i · stride]. A negative position is not written.</summary>
    public static void Keys(ReadOnlySpan<float> keys, int stride, ReadOnlySpan<int> positions, int headDim, KvSlots slots, Span<float> panels)
    {
        if (positions.IsEmpty) return;
        Check(nameof(Keys), keys.Length, stride, positions.Length, headDim);
        CheckRoom(nameof(Keys), panels.Length, KvPanels.Floats(slots.Count, headDim), slots);
        fixed (float* from = keys, to = panels)
        {
            for (int i = 0; i < positions.Length;)
            {
                int run = Run(positions[i..], slots);
                if (positions[i] >= 0) KvPanels.Write(to, slots.Of(positions[i]), run, from + (long)i * stride, stride, headDim);
                i += run;
            }
        }
    }

    /// <summary>Values into rows; token i's value begins at values[i · stride]. A negative position is not written.</summary>
    public static void Values(ReadOnlySpan<float> values, int stride, ReadOnlySpan<int> positions, int valueDim, KvSlots slots, Span<float> rows)
    {
        CheckRoom(nameof(Values), rows.Length, (long)slots.Count * valueDim, slots);
        for (int i = 0; i < positions.Length; i++)
            if (positions[i] >= 0) values.Slice(i * stride, valueDim).CopyTo(rows.Slice(slots.Of(positions[i]) * valueDim, valueDim));
    }

    /// <summary>How many positions follow one another, in slots side by side, from the first on; 1 for padding.</summary>
    private static int Run(ReadOnlySpan<int> positions, KvSlots slots)
    {
        int first = positions[0];
        if (first < 0) return 1;
        int run = 1, most = slots.Run(first, positions.Length);
        while (run < most && positions[run] == first + run) run++;
        return run;
    }

    private static void Check(string operation, int length, int stride, int tokens, int dim)
    {
        if (length < (tokens - 1L) * stride + dim)
            throw new ArgumentException($"KvStore.{operation}: {tokens} tokens {stride} floats apart do not fit {length} floats.");
    }

    private static void CheckRoom(string operation, int length, long floats, KvSlots slots)
    {
        if (slots.Count < 1 || length < floats) throw new ArgumentException($"KvStore.{operation}: {slots.Count} slots take {floats} floats; there are {length}.");
    }
}
