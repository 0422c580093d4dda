namespace Heed.Kernels;

/// <summary>Picks rows of a table, as an embedding does.</summary>
internal static unsafe class Gather
{
    /// <summary>destination[i] = table[ids[i]]; the table is row-major [count, dim] and may exceed what a span can hold.</summary>
    public static void Rows(float* table, int count, int dim, ReadOnlySpan<int> ids, Span<float> destination)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            int id = ids[i];
            if ((uint)id >= (uint)count)
            {
                throw new ArgumentOutOfRangeException(nameof(ids), $"Gather: id {id} at index {i}; the table has {count} rows.");
            }

            new ReadOnlySpan<float>(table + ((long)id * dim), dim).CopyTo(destination.Slice(i * dim, dim));
        }
    }
}
