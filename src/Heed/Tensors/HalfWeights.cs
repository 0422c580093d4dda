using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>A matrix of 16-bit floats in panels, in memory of its own or a mapped file.</summary>
internal sealed class HalfWeights(HalfPanels panels) : LinearWeights(panels.N, panels.K)
{
    public HalfPanels Panels { get; } = panels;

    public override long ResidentBytes => Panels.Memory.IsView ? 0 : Panels.Bytes;

    public override void ReadRow(int row, Span<float> destination)
    {
        ThrowIfDisposed();
        Panels.ReadRow(row, destination);
    }

    public override void Dispose()
    {
        base.Dispose();
        Panels.Dispose();
    }
}
