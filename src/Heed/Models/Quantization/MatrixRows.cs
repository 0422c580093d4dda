using Heed.Kernels.Quantization;

namespace Heed.Models.Quantization;

/// <summary>The rows of a matrix, readable from several threads at once.</summary>
/// <param name="Read">Writes a row as float32.</param>
/// <param name="TryCopy">Writes a row's own bytes if they are of a type; null where rows are not stored as they are.</param>
internal sealed record MatrixRows(QuantizeRows.Reader Read, MatrixRows.Copier? TryCopy = null)
{
    /// <summary>Writes the bytes of a row; false where it is stored in another type.</summary>
    public delegate bool Copier(int row, WeightType type, Span<byte> destination);
}
