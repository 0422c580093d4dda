namespace Heed.Models.Quantization;

/// <summary>What was measured of a layer's inputs, in the numbers that a file has.</summary>
/// <param name="Sums">The sum of squares of each column.</param>
/// <param name="Rows">How many inputs there were, more than 0.</param>
internal sealed record InputSquares(float[] Sums, float Rows)
{
    public float[] Mean() => [.. Sums.Select(sum => sum / Rows)];
}
