using Heed.Models.Checkpoints;
using Heed.Nn;

namespace Heed.Models;

/// <summary>Reads the rows of a slice of a matrix that has <paramref name="columns"/> columns in all.</summary>
internal sealed class SlicedRows(LayerRows.Reader read, MatrixSlice slice, int columns)
{
    private readonly int[] _rows = [.. slice.Rows.SelectMany(range => Enumerable.Range(range.First, range.Count))];

    /// <summary>Writes a row of the slice.</summary>
    public void Read(int row, Span<float> destination)
    {
        if (slice.Columns == columns)
        {
            read(_rows[row], destination);
            return;
        }
        float[] whole = new float[columns];
        read(_rows[row], whole);
        whole.AsSpan(slice.FirstColumn, slice.Columns).CopyTo(destination);
    }
}
