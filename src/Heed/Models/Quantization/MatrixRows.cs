using Heed.Kernels.Quantization;

namespace Heed.Models.Quantization;

/// <summary>The rows of a matrix, readable from several threads at once.</summary>
/// <param name="Read">Writes a row as float32.</param>
/// <param name="StoredType">The type in which all rows are stored and can be copied as they are; null where they cannot.</param>
/// <param name="Copy">Writes a row's own bytes, where <paramref name="StoredType"/> is not null.</param>
internal sealed record MatrixRows(QuantizeRows.Reader Read, WeightType? StoredType = null, MatrixRows.Copier? Copy = null)
{
    /// <summary>Writes the bytes of a row.</summary>
    public delegate void Copier(int row, Span<byte> destination);
}
