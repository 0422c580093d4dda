namespace Heed.Kernels;

/// <summary>Panels widened on the fly from weights of another type.</summary>
internal readonly unsafe struct SourceFeed<TSource>(TSource source, int n) : IPanelFeed
    where TSource : struct, IPanelSource
{
    private const int Width = PackedPanels.PanelRows;

    public static bool UsesScratch => true;

    public void Fetch(int firstPanel, int count, int firstK, int kCount, float* scratch, float** slices)
    {
        for (int p = 0; p < count; p++)
        {
            slices[p] = scratch + ((nint)p * kCount * Width);
            int first = (firstPanel + p) * Width;
            source.Fill(first, Math.Min(Width, n - first), firstK, kCount, new Span<float>(slices[p], kCount * Width));
        }
    }
}
