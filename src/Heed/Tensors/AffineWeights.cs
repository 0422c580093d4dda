using System.Buffers;
using Heed.Kernels;
using Heed.Kernels.Strips;

namespace Heed.Tensors;

/// <summary>A matrix of affine 8-bit numbers in strips; <see cref="StripWeights"/> multiply it.</summary>
internal sealed class AffineWeights : StripWeights
{
    /// <summary>A matrix in the given memory, which it takes over and which must have <see cref="BytesFor"/> bytes; else one of undefined contents, to be filled with <see cref="Set"/>.</summary>
    public AffineWeights(AffineScheme scheme, int rows, int columns, NativeBuffer? memory = null) : base(StripMatrix.Affine(rows, columns, HasOneScale(scheme), memory)) =>
        Scheme = scheme;

    public AffineScheme Scheme { get; }

    private int RowBytes => Columns / StripMatrix.BlockColumns * AffineBlock.Bytes;

    /// <summary>The bytes that a matrix takes.</summary>
    public static long BytesFor(AffineScheme scheme, int rows, int columns) => StripMatrix.AffineBytesFor(rows, columns, HasOneScale(scheme));

    /// <summary>Quantizes a matrix, on so many threads.</summary>
    /// <exception cref="ArithmeticException">A number is NaN or infinite.</exception>
    public static AffineWeights Quantize(AffineScheme scheme, int rows, int columns, AffineMatrix.RowReader read, int threads) =>
        Quantize(AffineMatrix.Fit(scheme, rows, columns, read, threads), read, threads);

    /// <summary>Quantizes a matrix with scales that have been found, on so many threads.</summary>
    public static AffineWeights Quantize(AffineMatrix pairs, AffineMatrix.RowReader read, int threads)
    {
        int columns = pairs.Columns;
        AffineWeights weights = new(pairs.Scheme, pairs.Rows, columns);
        Parallel.For(0, weights.Matrix.StripCount, new ParallelOptions { MaxDegreeOfParallelism = threads }, strip =>
        {
            int first = strip * StripMatrix.StripRows, count = weights.Matrix.RowsOf(strip);
            float[] values = ArrayPool<float>.Shared.Rent(columns);
            byte[] codes = ArrayPool<byte>.Shared.Rent(count * columns);
            for (int i = 0; i < count; i++)
            {
                read(first + i, values.AsSpan(0, columns));
                pairs.Quantize(first + i, values.AsSpan(0, columns), codes.AsSpan(i * columns, columns));
            }
            weights.Set(strip, pairs, codes.AsSpan(0, count * columns));
            ArrayPool<float>.Shared.Return(values);
            ArrayPool<byte>.Shared.Return(codes);
        });
        return weights;
    }

    /// <summary>Sets a strip from the codes of its rows, one after the other.</summary>
    public void Set(int strip, AffineMatrix pairs, ReadOnlySpan<byte> codes)
    {
        int first = strip * StripMatrix.StripRows, count = Matrix.RowsOf(strip);
        byte[] blocks = ArrayPool<byte>.Shared.Rent(count * RowBytes);
        for (int i = 0; i < count; i++) pairs.WriteBlocks(first + i, codes.Slice(i * Columns, Columns), blocks.AsSpan(i * RowBytes, RowBytes));
        Matrix.Pack(strip, blocks.AsSpan(0, count * RowBytes));
        ArrayPool<byte>.Shared.Return(blocks);
    }

    /// <summary>The codes of a row.</summary>
    public void ReadCodes(int row, Span<byte> codes) => Read(row, codes, null);

    /// <summary>All scales and zero points.</summary>
    public AffineMatrix ReadPairs()
    {
        int perRow = Scheme.ScalesPerRow(Columns), rows = perRow == 0 ? 1 : Rows, step = Columns / Math.Max(1, perRow);
        AffineQuantization[] pairs = new AffineQuantization[rows * Math.Max(1, perRow)], row = new AffineQuantization[Columns / StripMatrix.BlockColumns];
        byte[] codes = new byte[Columns];
        for (int i = 0; i < pairs.Length; i++)
        {
            (int at, int group) = Math.DivRem(i, Math.Max(1, perRow));
            if (group == 0) Read(at, codes, row);
            pairs[i] = row[group * step / StripMatrix.BlockColumns];
        }
        return new AffineMatrix(Scheme, Rows, Columns, pairs);
    }

    private static bool HasOneScale(AffineScheme scheme) => scheme.Granularity != AffineGranularity.Group;

    private void Read(int row, Span<byte> codes, AffineQuantization[]? pairs)
    {
        ThrowIfDisposed();
        byte[] blocks = ArrayPool<byte>.Shared.Rent(RowBytes);
        Matrix.ReadBlocks(row, blocks);
        for (int block = 0; block < Columns / StripMatrix.BlockColumns; block++)
        {
            (float scale, int zeroPoint) = AffineBlock.Read(blocks.AsSpan(block * AffineBlock.Bytes, AffineBlock.Bytes), codes.Slice(block * StripMatrix.BlockColumns, StripMatrix.BlockColumns));
            if (pairs is not null) pairs[block] = AffineQuantization.Stored(scale, zeroPoint);
        }
        ArrayPool<byte>.Shared.Return(blocks);
    }
}
