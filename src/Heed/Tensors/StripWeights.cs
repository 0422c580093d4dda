using Heed.Kernels.Strips;

namespace Heed.Tensors;

/// <summary>A quantized matrix in strips, in memory of its own or a mapped file; inputs are rounded to 8 bits, 32 at a time, while it multiplies.</summary>
internal class StripWeights(StripMatrix matrix) : LinearWeights(matrix.Rows, matrix.Columns)
{
    public StripMatrix Matrix { get; } = matrix;

    public override long ResidentBytes => Matrix.Memory.IsView ? 0 : Matrix.Bytes;

    public override void ReadRow(int row, Span<float> destination)
    {
        ThrowIfDisposed();
        Matrix.ReadRow(row, destination);
    }

    public override void Dispose()
    {
        base.Dispose();
        Matrix.Dispose();
    }
}
