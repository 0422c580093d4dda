using System.Runtime.ExceptionServices;
using Heed.Kernels.Strips;

namespace Heed.Tensors;

/// <summary>The scales and zero points of a matrix [rows, columns] of affine 8-bit numbers.</summary>
internal sealed class AffineMatrix
{
    private readonly AffineQuantization[] _pairs;
    private readonly int _perRow, _group;

    public AffineMatrix(AffineScheme scheme, int rows, int columns, AffineQuantization[] pairs)
    {
        (Scheme, Rows, Columns, _pairs) = (scheme, rows, columns, pairs);
        _perRow = scheme.ScalesPerRow(columns);
        _group = scheme.Granularity == AffineGranularity.Group ? scheme.GroupFor(columns) : columns;
    }

    /// <summary>Writes a row of the matrix; called from several threads at once.</summary>
    public delegate void RowReader(int row, Span<float> destination);

    public AffineScheme Scheme { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>All of them, row after row.</summary>
    public ReadOnlySpan<AffineQuantization> Pairs => _pairs;

    /// <summary>The columns that share a scale.</summary>
    public int Group => _group;

    /// <summary>Whether strips can hold rows of so many columns.</summary>
    public static bool Takes(long columns) => columns % AffineScheme.SmallestGroup == 0;

    /// <summary>Finds the scales that fit a matrix, on so many threads.</summary>
    /// <exception cref="ArithmeticException">A number is NaN or infinite; the message names the row.</exception>
    public static AffineMatrix Fit(AffineScheme scheme, int rows, int columns, RowReader read, int threads)
    {
        int perRow = Math.Max(1, scheme.ScalesPerRow(columns)), width = columns / perRow;
        (float Least, float Greatest)[] ranges = new (float, float)[rows * perRow];
        InParallel(rows, columns, threads, read, (row, values) =>
        {
            for (int i = 0; i < perRow; i++) ranges[row * perRow + i] = Range(values.AsSpan(i * width, width), row);
        });
        if (scheme.Granularity == AffineGranularity.Tensor) ranges = [(ranges.Min(range => range.Least), ranges.Max(range => range.Greatest))];
        return new AffineMatrix(scheme, rows, columns, [.. ranges.Select(range => AffineQuantization.OfRange(range.Least, range.Greatest))]);
    }

    /// <summary>The scale and zero point of a column of a row.</summary>
    public AffineQuantization Of(int row, int column) => _perRow == 0 ? _pairs[0] : _pairs[row * _perRow + column / _group];

    /// <summary>Those of some ranges of rows, one below the other, and of these a range of columns.</summary>
    /// <exception cref="ArgumentException">The range of columns does not begin and end where a block does.</exception>
    public AffineMatrix Cut(string name, IReadOnlyList<(int First, int Count)> rows, int firstColumn, int columns)
    {
        const int block = AffineScheme.SmallestGroup;
        if (firstColumn % block != 0 || columns % block != 0)
            throw new BlockCutException($"AffineMatrix: columns {firstColumn} to {firstColumn + columns - 1} of '{name}' begin or end inside a block of {block} columns; expected multiples of {block}", block);
        int[] from = [.. rows.SelectMany(range => Enumerable.Range(range.First, range.Count))];
        if (_perRow == 0) return new AffineMatrix(Scheme, from.Length, columns, _pairs);
        if (Scheme.Granularity == AffineGranularity.Channel) return new AffineMatrix(Scheme, from.Length, columns, [.. from.Select(row => _pairs[row])]);
        // A cut inside a group leaves groups of blocks.
        int group = firstColumn % _group == 0 && columns % _group == 0 ? _group : block;
        return new AffineMatrix(AffineScheme.PerGroup(group), from.Length, columns,
            [.. from.SelectMany(row => Enumerable.Range(0, columns / group).Select(i => Of(row, firstColumn + i * group)))]);
    }

    /// <summary>Rounds a row.</summary>
    public void Quantize(int row, ReadOnlySpan<float> values, Span<byte> codes)
    {
        for (int at = 0; at < Columns; at += _group) Of(row, at).Quantize(values.Slice(at, _group), codes.Slice(at, _group));
    }

    /// <summary>What a row's codes mean.</summary>
    public void Dequantize(int row, ReadOnlySpan<byte> codes, Span<float> values)
    {
        for (int at = 0; at < Columns; at += _group) Of(row, at).Dequantize(codes.Slice(at, _group), values.Slice(at, _group));
    }

    /// <summary>A row as strips take it.</summary>
    public void WriteBlocks(int row, ReadOnlySpan<byte> codes, Span<byte> blocks)
    {
        for (int at = 0; at < Columns; at += StripMatrix.BlockColumns, blocks = blocks[AffineBlock.Bytes..])
        {
            AffineQuantization pair = Of(row, at);
            AffineBlock.Write(blocks, pair.Scale, pair.ZeroPoint, codes.Slice(at, StripMatrix.BlockColumns));
        }
    }

    private static void InParallel(int rows, int columns, int threads, RowReader read, Action<int, float[]> take)
    {
        try
        {
            Parallel.For(0, rows, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new float[columns], (row, _, values) =>
            {
                read(row, values);
                take(row, values);
                return values;
            }, _ => { });
        }
        catch (AggregateException error) when (error.InnerExceptions.Count > 0)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }

    private static (float Least, float Greatest) Range(ReadOnlySpan<float> values, int row)
    {
        float least = 0, greatest = 0;
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) throw new ArithmeticException($"AffineQuantization: row {row} has the number {value}; expected finite numbers.");
            least = Math.Min(least, value);
            greatest = Math.Max(greatest, value);
        }
        return (least, greatest);
    }
}
