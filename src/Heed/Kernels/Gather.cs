namespace Heed.Kernels;

/// <summary>Picks rows of a table, as an embedding does.</summary>
internal static class Gather
{
    /// <summary>destination[i] = table[ids[i]], for rows of <paramref name="dim"/> floats that begin <paramref name="stride"/> apart.</summary>
    public static void Rows(ReadOnlySpan<float> table, int stride, int dim, ReadOnlySpan<int> ids, Span<float> destination)
    {
        for (int i = 0; i < ids.Length; i++)
            table.Slice(checked(ids[i] * stride), dim).CopyTo(destination.Slice(i * dim, dim));
    }
}
