using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Some of a matrix: ranges of rows, one below the other, and of these a range of columns. Of a vector: ranges of elements.</summary>
/// <param name="Rows">First row and count of each range; a fused layer has one for each of its parts.</param>
/// <param name="FirstColumn">The first column.</param>
/// <param name="Columns">How many columns; 0 for all from <paramref name="FirstColumn"/> on.</param>
public sealed record MatrixSlice(IReadOnlyList<(int First, int Count)> Rows, int FirstColumn = 0, int Columns = 0)
{
    /// <summary>All rows of the slice together.</summary>
    public int RowCount => Rows.Sum(range => range.Count);

    /// <summary>A whole matrix.</summary>
    internal static MatrixSlice All(int rows, int columns) => new([(0, rows)], 0, columns);

    /// <summary>This slice of a matrix of that size, its columns counted.</summary>
    /// <exception cref="ArgumentException">It leaves the matrix, or has nothing in it.</exception>
    internal MatrixSlice Within(string name, int rows, int columns)
    {
        if (Rows is not { Count: > 0 }) throw new ArgumentException($"MatrixSlice: the slice of '{name}' has no range of rows; expected one or more.");
        foreach ((int first, int count) in Rows)
            if (first < 0 || count < 1 || first > rows - count)
                throw new ArgumentException($"MatrixSlice: the slice of '{name}' [{rows}, {columns}] has {count} rows from {first}; expected at least one row, and rows 0 to {rows - 1}.");
        int width = Columns == 0 ? columns - FirstColumn : Columns;
        if (FirstColumn < 0 || width < 1 || FirstColumn > columns - width)
            throw new ArgumentException($"MatrixSlice: the slice of '{name}' [{rows}, {columns}] has {width} columns from {FirstColumn}; expected at least one column, and columns 0 to {columns - 1}.");
        return width == Columns ? this : this with { Columns = width };
    }

    /// <summary>As <see cref="Within(string, int, int)"/>, of a tensor of one or two axes.</summary>
    internal MatrixSlice Within(string name, Shape whole) => whole.Rank is 1 or 2
        ? Within(name, whole[0], whole.Rank == 2 ? whole[1] : 1)
        : throw new ArgumentException($"MatrixSlice: '{name}' has the shape {whole}; slices are of one or two axes.");

    /// <summary>The same rows of what has one column: of a bias.</summary>
    internal MatrixSlice OfRows() => new(Rows, 0, 1);

    /// <summary>The slice's own shape, of so many axes; columns must have been counted.</summary>
    internal Shape Shape(int rank) => rank == 1 ? new Shape(RowCount) : Tensors.Shape.Of(RowCount, Columns);

    /// <summary>A copy of the slice of a vector or matrix, which no scope owns; of all of it if there is no slice.</summary>
    internal static Tensor Copy(MatrixSlice? slice, string name, Tensor whole)
    {
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        Tensor values = slice is null ? whole : slice.Within(name, whole.Shape).Cut(whole);
        Tensor copy = Tensor.AllocateUnscoped(values.Shape, whole.Device);
        copy.Assign(values);
        return copy;
    }

    private Tensor Cut(Tensor whole)
    {
        Tensor[] ranges = [.. Rows.Select(range => whole.Slice(0, range.First, range.Count))];
        Tensor rows = ranges is [var only] ? only : Ops.Concat(0, ranges);
        return whole.Rank == 1 ? rows : rows.Slice(1, FirstColumn, Columns);
    }
}
