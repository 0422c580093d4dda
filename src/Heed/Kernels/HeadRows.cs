namespace Heed.Kernels;

/// <summary>Heads within rows: component d of (batch b, row i, head h) is Floats[b * BatchStride + i * RowStride + h * HeadStride + d].</summary>
internal readonly ref struct HeadRows(Span<float> floats, int batchStride, int rowStride, int headStride)
{
    public readonly Span<float> Floats = floats;
    public readonly int BatchStride = batchStride;
    public readonly int RowStride = rowStride;
    public readonly int HeadStride = headStride;

    /// <summary>Throws where the memory does not reach to the end of the last head.</summary>
    public void Check(string name, int batch, int rows, int heads, int dim)
    {
        long last = batch == 0 || rows == 0 || heads == 0
            ? 0
            : ((batch - 1L) * BatchStride) + ((rows - 1L) * RowStride) + ((heads - 1L) * HeadStride) + dim;
        if (Floats.Length < last)
        {
            throw new ArgumentException($"Attention: {name} holds {Floats.Length} floats; [{batch}, {rows}, {heads}, {dim}] at its strides reaches to {last}.");
        }
    }
}
