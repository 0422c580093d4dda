using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>Sums of the squares of a layer's inputs, a column each, while they are measured.</summary>
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

    public InputSquares Total() => new([.. _sums.Select(sum => (float)sum)], _rows);
}
