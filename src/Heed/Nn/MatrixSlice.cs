namespace Heed.Nn;

/// <summary>Some of a matrix: ranges of rows, one below the other, and of these a range of columns. Of a vector: ranges of elements.</summary>
/// <param name="Rows">First row and count of each range; a fused layer has one for each of its parts.</param>
/// <param name="FirstColumn">The first column.</param>
/// <param name="Columns">How many columns; 0 for all from <paramref name="FirstColumn"/> on.</param>
public sealed record MatrixSlice(IReadOnlyList<(int First, int Count)> Rows, int FirstColumn = 0, int Columns = 0)
{
    /// <summary>All rows of the slice together.</summary>
    public int RowCount => Rows.Sum(range => range.Count);
}
