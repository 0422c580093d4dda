using Heed.Kernels.Quantization;

namespace Heed.Tensors;

/// <summary>A matrix in a mapped file's own bytes, of any weight type, widened while it multiplies.</summary>
/// <param name="matrix">The view of the bytes.</param>
/// <param name="owner">What keeps the bytes mapped.</param>
internal sealed class BlockWeights(BlockMatrix matrix, object owner) : LinearWeights(matrix.Rows, matrix.Columns)
{
    public BlockMatrix Matrix { get; } = matrix;

    public override long ResidentBytes => 0;

    public override void ReadRow(int row, Span<float> destination)
    {
        ThrowIfDisposed();
        Matrix.ReadRow(row, destination);
        KeepAlive();
    }

    /// <summary>Keeps the mapping from being finalized before this point.</summary>
    public void KeepAlive() => GC.KeepAlive(owner);
}
