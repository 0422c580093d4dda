namespace Heed.Kernels;

/// <summary>Panels that lie packed in memory over the whole of k.</summary>
internal readonly unsafe struct PackedFeed(float* panels, int k) : IPanelFeed
{
    public static bool UsesScratch => false;

    public void Fetch(int firstPanel, int count, int firstK, int kCount, float* scratch, float** slices)
    {
        for (int p = 0; p < count; p++) slices[p] = panels + ((((long)(firstPanel + p) * k) + firstK) * PackedPanels.PanelRows);
    }
}
