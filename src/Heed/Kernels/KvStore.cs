namespace Heed.Kernels;

/// <summary>Writes the keys and values of some tokens of one kv head at their positions.</summary>
internal static unsafe class KvStore
{
    /// <summary>Keys into panels; token i's key begins at keys[i · stride]. A negative position is not written.</summary>
    public static void Keys(ReadOnlySpan<float> keys, int stride, ReadOnlySpan<int> positions, int headDim, Span<float> panels)
    {
        if (positions.IsEmpty) return;
        Check(nameof(Keys), keys.Length, stride, positions.Length, headDim);
        int capacity = panels.Length / (KvPanels.Width * headDim) * KvPanels.Width;
        fixed (float* from = keys, to = panels)
        {
            for (int i = 0; i < positions.Length;)
            {
                int run = Run(positions[i..], capacity);
                if (positions[i] >= 0) KvPanels.Write(to, positions[i], run, from + (long)i * stride, stride, headDim);
                i += run;
            }
        }
    }

    /// <summary>Values into rows; token i's value begins at values[i · stride]. A negative position is not written.</summary>
    public static void Values(ReadOnlySpan<float> values, int stride, ReadOnlySpan<int> positions, int valueDim, Span<float> rows)
    {
        for (int i = 0; i < positions.Length; i++)
            if (positions[i] >= 0) values.Slice(i * stride, valueDim).CopyTo(rows.Slice(positions[i] * valueDim, valueDim));
    }

    /// <summary>How many positions follow one another from the first on; 1 for padding.</summary>
    private static int Run(ReadOnlySpan<int> positions, int capacity)
    {
        int first = positions[0];
        if (first >= capacity) throw new ArgumentOutOfRangeException(nameof(positions), first, $"KvStore: there is room for {capacity} keys.");
        int run = 1;
        if (first < 0) return run;
        while (run < positions.Length && positions[run] == first + run && first + run < capacity) run++;
        return run;
    }

    private static void Check(string operation, int length, int stride, int tokens, int dim)
    {
        if (length < (tokens - 1L) * stride + dim)
            throw new ArgumentException($"KvStore.{operation}: {tokens} tokens {stride} floats apart do not fit {length} floats.");
    }
}
