namespace Heed.Kernels;

/// <summary>Weights [n, k] stored in another type, which are widened to float panel by panel while they are multiplied.</summary>
internal interface IPanelSource
{
    /// <summary>
    /// panel[i * 32 + r] = weight[firstRow + r, firstK + i] for r in 0..rowCount (at most 32) and i in 0..kCount; the other lanes may
    /// be left as they are. firstK is a multiple of 256. Called from several threads at once, for different panels or slices.
    /// </summary>
    void Fill(int firstRow, int rowCount, int firstK, int kCount, Span<float> panel);
}
