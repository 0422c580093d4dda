namespace Heed.Kernels;

/// <summary>Panels packed on the fly from a strided matrix: element (i, j) of b[k, n] lies at i * rowStride + j * columnStride.</summary>
internal readonly unsafe struct StridedFeed(float* b, int n, nint rowStride, nint columnStride) : IPanelFeed
{
    private const int Width = PackedPanels.PanelRows;

    public static bool UsesScratch => true;

    public void Fetch(int firstPanel, int count, int firstK, int kCount, float* scratch, float** slices)
    {
        for (int p = 0; p < count; p++) slices[p] = scratch + ((nint)p * kCount * Width);
        if (columnStride == 1 && rowStride != 1)
        {
            CopyRows(firstPanel, count, firstK, kCount, slices);
            return;
        }
        for (int p = 0; p < count; p++)
        {
            int first = (firstPanel + p) * Width, columns = Math.Min(Width, n - first);
            float* source = b + (firstK * rowStride) + (first * columnStride);
            if (rowStride == 1) TilePacking.Transpose(source, columnStride, columns, kCount, slices[p], Width);
            else TilePacking.Gather(source, columnStride, rowStride, columns, kCount, slices[p], Width);
        }
    }

    /// <summary>Walks a few rows of b over all panels at a time, so that each page is visited once.</summary>
    private void CopyRows(int firstPanel, int count, int firstK, int kCount, float** slices)
    {
        const int Rows = 8;
        for (int i = 0; i < kCount; i += Rows)
        {
            int rows = Math.Min(Rows, kCount - i);
            for (int p = 0; p < count; p++)
            {
                int first = (firstPanel + p) * Width, columns = Math.Min(Width, n - first);
                TilePacking.CopyColumns(b + ((firstK + i) * rowStride) + first, rowStride, columns, rows, slices[p] + (i * Width), Width);
            }
        }
    }
}
