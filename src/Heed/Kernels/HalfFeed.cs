namespace Heed.Kernels;

/// <summary>Panels of 16-bit floats, widened as they are needed.</summary>
internal readonly unsafe struct HalfFeed<TType>(ushort* panels, int k) : IPanelFeed
    where TType : struct, IHalfType
{
    private const int Width = PackedPanels.PanelRows;

    public static bool UsesScratch => true;

    public void Fetch(int firstPanel, int count, int firstK, int kCount, float* scratch, float** slices)
    {
        int floats = kCount * Width;
        for (int p = 0; p < count; p++)
        {
            slices[p] = scratch + ((nint)p * floats);
            ushort* source = panels + ((((nint)(firstPanel + p) * k) + firstK) * Width);
            TType.Widen(new ReadOnlySpan<byte>(source, floats * sizeof(ushort)), new Span<float>(slices[p], floats));
        }
    }
}
