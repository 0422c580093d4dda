using System.Diagnostics;
using System.Runtime.CompilerServices;
using Heed.Kernels.Quantization;

namespace Heed.Kernels.Strips;

/// <summary>
/// A quantized matrix [rows, columns] in strips of 16 rows whose blocks of 32 columns lie as they are multiplied: chunks of eight
/// blocks, their numbers and then their scales. Holds the file's numbers and scales exactly.
/// </summary>
internal sealed unsafe class StripMatrix : IDisposable
{
    /// <summary>The rows of a strip.</summary>
    public const int StripRows = 16;

    /// <summary>The columns of a block.</summary>
    public const int BlockColumns = 32;

    /// <summary>The blocks of a chunk; the last one of a strip may have fewer.</summary>
    public const int ChunkBlocks = 8;

    private const int Alignment = 64;

    private readonly NativeBuffer _buffer;
    private readonly StripFormat _format;
    private readonly long _stripBytes, _rowBytes;

    /// <summary>A matrix in the given memory, which it takes over and which must have <see cref="BytesFor"/> bytes; else one of undefined contents, to be filled with <see cref="Pack"/>.</summary>
    /// <exception cref="ArgumentException">A row is not a whole number of blocks, the type has none, or the memory has another size.</exception>
    public StripMatrix(WeightType type, int rows, int columns, NativeBuffer? memory = null)
        : this(StripFormat.Of(type), type, rows, columns, BlockSizes.ElementsPerBlock(type), BlockSizes.BytesPerBlock(type), memory)
    {
    }

    private StripMatrix(StripFormat format, WeightType type, int rows, int columns, int blockColumns, int blockBytes, NativeBuffer? memory)
    {
        _format = format;
        if (columns % blockColumns != 0)
            throw new ArgumentException($"StripMatrix: {columns} columns are not a whole number of {type} blocks of {blockColumns}.");
        Type = type;
        Rows = rows;
        Columns = columns;
        Blocks = columns / BlockColumns;
        StripCount = CountStrips(rows);
        _rowBytes = (long)columns / blockColumns * blockBytes;
        _stripBytes = StripBytes(_format, Blocks);
        long bytes = _stripBytes * StripCount;
        if (memory is not null && memory.Bytes != bytes) throw new ArgumentException($"StripMatrix: [{rows}, {columns}] of {type} takes {bytes} bytes; the memory has {memory.Bytes}.", nameof(memory));
        _buffer = memory ?? new NativeBuffer(bytes);
    }

    public WeightType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>The blocks of a row.</summary>
    public int Blocks { get; }

    /// <summary>The number of strips; each can be packed on a thread of its own.</summary>
    public int StripCount { get; }

    public long Bytes => _buffer.Bytes;

    /// <summary>A matrix of affine numbers, which is packed from rows of <see cref="AffineBlock"/>s.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="columns">A multiple of 32.</param>
    /// <param name="oneScale">Whether all of a row has the scale of its first block.</param>
    /// <param name="memory">As for the constructor; it must have <see cref="AffineBytesFor"/> bytes.</param>
    /// <exception cref="ArgumentException">A row is not a whole number of blocks, or the memory has another size.</exception>
    public static StripMatrix Affine(int rows, int columns, bool oneScale, NativeBuffer? memory = null) =>
        new(AffineFormat(oneScale), WeightType.U8, rows, columns, BlockColumns, AffineBlock.Bytes, memory);

    /// <summary>The bytes that a matrix of affine numbers takes.</summary>
    public static long AffineBytesFor(int rows, int columns, bool oneScale) => StripBytes(AffineFormat(oneScale), columns / BlockColumns) * CountStrips(rows);

    /// <summary>Where the strips lie.</summary>
    public NativeBuffer Memory => _buffer;

    /// <summary>Whether the type is one that strips hold.</summary>
    public static bool Takes(WeightType type) => BlockSizes.ElementsPerBlock(type) > 1;

    /// <summary>The bytes that a matrix takes.</summary>
    /// <exception cref="ArgumentException">A row is not a whole number of blocks, or the type has none.</exception>
    public static long BytesFor(WeightType type, int rows, int columns)
    {
        StripFormat format = StripFormat.Of(type);
        if (columns % BlockSizes.ElementsPerBlock(type) != 0)
            throw new ArgumentException($"StripMatrix: {columns} columns are not a whole number of {type} blocks of {BlockSizes.ElementsPerBlock(type)}.");
        return StripBytes(format, columns / BlockColumns) * CountStrips(rows);
    }

    /// <summary>The rows of a strip: 16, or what is left in the last one.</summary>
    public int RowsOf(int strip) => Math.Min(StripRows, Rows - (strip * StripRows));

    /// <summary>A strip's memory.</summary>
    public byte* Strip(int index)
    {
        Debug.Assert((uint)index < (uint)StripCount, "StripMatrix: there is no such strip.");
        return _buffer.Pointer + (index * _stripBytes);
    }

    /// <summary>Sets a strip from its rows in the file's own bytes, one after the other.</summary>
    public void Pack(int strip, ReadOnlySpan<byte> rows)
    {
        if (rows.Length != _rowBytes * RowsOf(strip))
            throw new ArgumentException($"StripMatrix: strip {strip} takes {RowsOf(strip)} rows of {_rowBytes} bytes; got {rows.Length} bytes.");
        Debug.Assert(!_buffer.IsView, "StripMatrix: a mapped matrix is only read.");
        // A whole strip is written all over but for the bytes that align the next one.
        long kept = RowsOf(strip) == StripRows ? _format.StripBytes(Blocks) : 0;
        new Span<byte>(Strip(strip) + kept, checked((int)(_stripBytes - kept))).Clear();
        fixed (byte* from = rows) _format.Pack(Type, Blocks, from, _rowBytes, RowsOf(strip), Strip(strip));
    }

    /// <summary>A row as floats: those that dequantizing the file's bytes gives.</summary>
    public void ReadRow(int row, Span<float> destination)
    {
        if ((uint)row >= (uint)Rows) throw new ArgumentOutOfRangeException(nameof(row), row, $"StripMatrix: the matrix has {Rows} rows.");
        int strip = row / StripRows;
        fixed (float* to = destination[..Columns]) _format.ReadRow(Blocks, Strip(strip), row % StripRows, to);
        GC.KeepAlive(this);
    }

    /// <summary>A row of affine numbers as <see cref="AffineBlock"/>s.</summary>
    public void ReadBlocks(int row, Span<byte> destination)
    {
        if ((uint)row >= (uint)Rows) throw new ArgumentOutOfRangeException(nameof(row), row, $"StripMatrix: the matrix has {Rows} rows.");
        int strip = row / StripRows;
        fixed (byte* to = destination[..(int)_rowBytes]) _format.ReadBlocks(Blocks, Strip(strip), row % StripRows, to);
        GC.KeepAlive(this);
    }

    /// <summary>y[m, rows] = x[m, columns]·wᵀ (+ bias) (+ y); arguments as in <see cref="MatMul.Packed"/>.</summary>
    public void Multiply(WorkerPool pool, int m, ReadOnlySpan<float> x, int ldx, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate) =>
        Multiply(StripPaths.Best, pool, m, x, ldx, bias, y, ldy, accumulate);

    /// <summary><see cref="Multiply(WorkerPool, int, ReadOnlySpan{float}, int, ReadOnlySpan{float}, Span{float}, int, bool)"/> with the instructions of the caller's choice.</summary>
    internal void Multiply(StripPath path, WorkerPool pool, int m, ReadOnlySpan<float> x, int ldx, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
    {
        SharedInput input = new(pool.Scratch);
        try
        {
            Multiply(path, pool, ref input, m, x, ldx, bias, y, ldy, accumulate);
        }
        finally
        {
            input.Dispose();
        }
    }

    /// <summary>One of several products of the same <paramref name="x"/>, which is rounded by the first of them.</summary>
    internal void Multiply(StripPath path, WorkerPool pool, ref SharedInput input, int m, ReadOnlySpan<float> x, int ldx, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
    {
        MatMul.Check(nameof(StripMatrix), m, Rows, Columns, x.Length, ldx, bias.Length, y.Length, ldy);
        if (m == 0 || Rows == 0) return;
        fixed (float* from = x, add = bias, to = y) _format.Multiply(path, pool, new StripOperands(this, m, from, ldx, add, to, ldy, accumulate), ref input);
        GC.KeepAlive(this);
    }

    public void Dispose() => _buffer.Dispose();

    private static StripFormat AffineFormat(bool oneScale) => oneScale ? StripFormat.AffineRows : StripFormat.AffineBlocks;

    private static int CountStrips(int rows) => (int)(((long)rows + StripRows - 1) / StripRows);

    private static long StripBytes(StripFormat format, int blocks) => (format.StripBytes(blocks) + Alignment - 1) / Alignment * Alignment;
}
