using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>Sums of the squares of a layer's inputs, a column each.</summary>
internal sealed class ColumnSquares(int columns)
{
    private readonly double[] _sums = new double[columns];
    private long _rows;

    public void Add(Tensor input)
    {
        float[] values = input.ToArray();
        for (int at = 0; at < values.Length; at += columns)
        {
            for (int column = 0; column < columns; column++) _sums[column] += (double)values[at + column] * values[at + column];
            _rows++;
        }
    }

    public float[] Mean() => [.. _sums.Select(sum => (float)(sum / Math.Max(1, _rows)))];
}
