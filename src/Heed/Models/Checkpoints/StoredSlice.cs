using Heed.Formats;
using Heed.Kernels.Quantization;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>Some rows of a stored matrix or vector, and of these some columns; counted as [out, in], however it is stored.</summary>
/// <param name="Tensor">What it is a slice of.</param>
/// <param name="FirstRow">The first row.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="FirstColumn">The first column.</param>
/// <param name="Columns">How many columns.</param>
/// <param name="Transposed">Whether the matrix is stored [in, out].</param>
internal sealed record StoredSlice(StoredTensor Tensor, int FirstRow, int Rows, int FirstColumn, int Columns, bool Transposed)
{
    /// <summary>The columns of the whole matrix.</summary>
    public int WholeColumns => ColumnsOf(Tensor, Transposed);

    /// <summary>Whether it is all of the tensor.</summary>
    public bool IsWhole => Rows == RowsOf(Tensor, Transposed) && HasWholeRows;

    /// <summary>Whether its rows are whole ones.</summary>
    public bool HasWholeRows => Columns == WholeColumns;

    /// <summary>The bytes of a row in the file.</summary>
    public int RowBytes => BytesOf(Columns);

    /// <summary>The bytes from one row to the next in the file.</summary>
    public int RowStride => BytesOf(WholeColumns);

    /// <summary>The bytes before the first column in a row of the file.</summary>
    public int ColumnOffset => BytesOf(FirstColumn);

    /// <summary>What it takes in the file, scales that stand apart not counted.</summary>
    public long Bytes => (long)Rows * RowBytes;

    /// <summary>What tells it from others of the file.</summary>
    public string Key => IsWhole ? Tensor.Name : $"{Tensor.Name}[{FirstRow}+{Rows}, {FirstColumn}+{Columns}]";

    /// <summary>Whole tensors of one layer, one below the other.</summary>
    public static StoredSlice[] Of(StoredTensor[] parts, bool transposed) => Of(parts, transposed, slice: null);

    /// <summary>A slice of a layer, from each of its tensors what belongs to it.</summary>
    /// <param name="parts">The layer's tensors, one below the other.</param>
    /// <param name="transposed">Whether they are stored [in, out].</param>
    /// <param name="slice">A slice whose columns have been counted, or null for all of the layer.</param>
    /// <exception cref="ArgumentException">A range of columns begins or ends inside a block.</exception>
    public static StoredSlice[] Of(StoredTensor[] parts, bool transposed, MatrixSlice? slice)
    {
        StoredSlice[] all = [.. parts.SelectMany(part => part.Joined is { Axis: 0 } joined ? joined.Parts : [part])
            .Select(part => new StoredSlice(part, 0, RowsOf(part, transposed), 0, ColumnsOf(part, transposed), transposed))];
        if (slice is null) return all;
        List<StoredSlice> slices = [];
        foreach ((int first, int count) in slice.Rows)
        {
            int above = 0;
            foreach (StoredSlice part in all)
            {
                int begin = Math.Max(first - above, 0), end = Math.Min(first + count - above, part.Rows);
                if (begin < end) slices.Add((part with { FirstRow = begin, Rows = end - begin, FirstColumn = slice.FirstColumn, Columns = slice.Columns }).Checked().InOnePart());
                above += part.Rows;
            }
        }
        return [.. slices];
    }

    /// <summary>The slice of a part where the tensor is joined of several, side by side, and one has all of it.</summary>
    private StoredSlice InOnePart()
    {
        if (Tensor.Joined is not { } joined) return this;
        int width = WholeColumns / joined.Parts.Count;
        (int part, int column) = Math.DivRem(FirstColumn, width);
        return column + Columns <= width ? this with { Tensor = joined.Parts[part], FirstColumn = column } : this;
    }

    private StoredSlice Checked()
    {
        int block = BlockSizes.ElementsPerBlock(Tensor.Type);
        return HasWholeRows || (FirstColumn % block == 0 && Columns % block == 0) ? this : throw Cut(block);
    }

    /// <summary>The error that blocks of so many columns would be cut in two.</summary>
    public ArgumentException Cut(int block) => new BlockCutException($"CheckpointWeights: columns {FirstColumn} to {FirstColumn + Columns - 1} of '{Tensor.Name}' ({Tensor.Type} {Tensor.ShapeText}) " +
        $"begin or end inside a block of {block} columns; expected multiples of {block}", block);

    private int BytesOf(int columns) => BlockSizes.TryByteLength(Tensor.Type, columns, out long bytes)
        ? checked((int)bytes)
        : throw new FileFormatException(Tensor.Name, $"{columns} columns are no whole number of {Tensor.Type} blocks.");

    private static int RowsOf(StoredTensor tensor, bool transposed) => checked((int)tensor.Shape[transposed ? 1 : 0]);

    private static int ColumnsOf(StoredTensor tensor, bool transposed) => tensor.Shape.Length == 1 ? 1 : checked((int)tensor.Shape[transposed ? 0 : 1]);
}
