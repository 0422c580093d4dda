using System.Diagnostics;

namespace Heed.Kernels.Quantization;

/// <summary>
/// A view of a matrix [rows, columns] in the bytes of a file, row after row, in any weight type; widened to float as it is
/// multiplied. The memory belongs to whoever mapped it and must outlive the view.
/// </summary>
internal readonly unsafe struct BlockMatrix : IPanelSource
{
    // A multiple of every block's size, small enough for the stack.
    private const int Piece = 256;

    private readonly byte* _data;
    private readonly long _rowBytes, _rowStride;

    /// <summary>Bounds: reads rows · (bytes of a row) bytes from <paramref name="data"/> on.</summary>
    /// <exception cref="ArgumentException">A row is not a whole number of blocks.</exception>
    public BlockMatrix(byte* data, WeightType type, int rows, int columns)
    {
        if (!BlockSizes.TryByteLength(type, columns, out _rowBytes))
            throw new ArgumentException($"BlockMatrix: {columns} columns are not a whole number of {type} blocks of {BlockSizes.ElementsPerBlock(type)}.");
        _data = data;
        _rowStride = _rowBytes;
        Type = type;
        Rows = rows;
        Columns = columns;
    }

    private BlockMatrix(BlockMatrix whole, int firstRow, int rows, long firstByte, long rowBytes, int columns)
    {
        _data = whole._data + firstRow * whole._rowStride + firstByte;
        _rowBytes = rowBytes;
        _rowStride = whole._rowStride;
        Type = whole.Type;
        Rows = rows;
        Columns = columns;
    }

    public WeightType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Some rows, and of these some columns; bounds: within this view.</summary>
    /// <exception cref="ArgumentException">They leave the matrix, or the columns do not begin and end at a block.</exception>
    public BlockMatrix Slice(int firstRow, int rows, int firstColumn, int columns)
    {
        bool inside = firstRow >= 0 && rows >= 0 && firstRow <= Rows - rows && firstColumn >= 0 && columns >= 0 && firstColumn <= Columns - columns;
        if (!inside || !BlockSizes.TryByteLength(Type, firstColumn, out long firstByte) || !BlockSizes.TryByteLength(Type, columns, out long rowBytes))
            throw new ArgumentException($"BlockMatrix: rows {firstRow} + {rows} and columns {firstColumn} + {columns} are no slice of [{Rows}, {Columns}] {Type}.");
        return new BlockMatrix(this, firstRow, rows, firstByte, rowBytes, columns);
    }

    public void ReadRow(int row, Span<float> destination)
    {
        if ((uint)row >= (uint)Rows) throw new ArgumentOutOfRangeException(nameof(row), row, $"BlockMatrix: the matrix has {Rows} rows.");
        Dequantize.ToFloat(Type, new ReadOnlySpan<byte>(_data + row * _rowStride, checked((int)_rowBytes)), destination[..Columns]);
    }

    public void Fill(int firstRow, int rowCount, int firstK, int kCount, Span<float> panel)
    {
        Debug.Assert(firstRow + rowCount <= Rows && firstK + kCount <= Columns, "the product's sizes are the matrix's");
        Span<float> rows = stackalloc float[PackedPanels.PanelRows * Piece];
        fixed (float* scratch = rows, to = panel)
        {
            for (int k = 0; k < kCount; k += Piece)
            {
                int count = Math.Min(Piece, kCount - k);
                BlockSizes.TryByteLength(Type, firstK + k, out long start);
                BlockSizes.TryByteLength(Type, count, out long bytes);
                for (int r = 0; r < rowCount; r++)
                {
                    byte* source = _data + (firstRow + r) * _rowStride + start;
                    Dequantize.ToFloat(Type, new ReadOnlySpan<byte>(source, (int)bytes), rows.Slice(r * count, count));
                }
                TilePacking.Transpose(scratch, count, rowCount, count, to + (long)k * PackedPanels.PanelRows, PackedPanels.PanelRows);
            }
        }
    }
}
