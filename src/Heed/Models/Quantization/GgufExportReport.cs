namespace Heed.Models.Quantization;

/// <summary>What an export wrote.</summary>
/// <param name="Tensors">All tensors in the file's order.</param>
/// <param name="FileBytes">The whole file.</param>
public sealed record GgufExportReport(IReadOnlyList<GgufTensorReport> Tensors, long FileBytes)
{
    /// <summary>All numbers of all tensors.</summary>
    public long Parameters => Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (count, size) => count * size));

    /// <summary>Bits that a number takes on average, keys not counted.</summary>
    public double BitsPerWeight => 8.0 * Tensors.Sum(tensor => tensor.Bytes) / Parameters;

    /// <summary>The tensors that did not get the recipe's type.</summary>
    public IEnumerable<GgufTensorReport> Fallbacks => Tensors.Where(tensor => tensor.Type != tensor.Wanted);
}
