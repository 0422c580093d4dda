using System.Buffers;
using Heed.Formats;
using Heed.Kernels.Quantization;

namespace Heed.Models.Checkpoints;

/// <summary>Rows of several stored matrices of one type, one below the other, in the file's own bytes.</summary>
internal sealed class RawRows
{
    private readonly TensorFile _file;
    private readonly StoredTensor[] _parts;
    private readonly int _rowBytes;

    /// <summary>The rows of <paramref name="parts"/>, which are stored [out, in].</summary>
    public RawRows(TensorFile file, StoredTensor[] parts)
    {
        _file = file;
        _parts = parts;
        Rows = checked((int)parts.Sum(part => part.Shape[0]));
        Columns = checked((int)parts[0].Shape[1]);
        Bytes = parts.Sum(part => part.ByteLength);
        BlockSizes.TryByteLength(parts[0].Type, Columns, out long rowBytes);
        _rowBytes = checked((int)rowBytes);
    }

    /// <summary>Takes rows from the one of that number on.</summary>
    public delegate void Taker(int first, ReadOnlySpan<byte> bytes);

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>What all parts take in the file.</summary>
    public long Bytes { get; }

    /// <summary>Hands over rows <paramref name="first"/> …: as they lie mapped, or in a copy where they come from two matrices.</summary>
    public void Read(int first, int count, Taker take)
    {
        int row = first;
        for (int i = 0; i < _parts.Length; row -= (int)_parts[i++].Shape[0])
        {
            if (row >= _parts[i].Shape[0]) continue;
            if (row + count <= _parts[i].Shape[0]) take(first, Span(i, row, count));
            else Join(first, i, row, count, take);
            return;
        }
    }

    /// <summary>Gives the mapped memory of rows <paramref name="first"/> … back.</summary>
    public void Release(int first, int count)
    {
        foreach (StoredTensor part in _parts)
        {
            int rows = (int)part.Shape[0], here = Math.Min(count, rows - first);
            if (here > 0) _file.Release(part, (long)first * _rowBytes, (long)here * _rowBytes);
            count -= Math.Max(here, 0);
            first = Math.Max(first - rows, 0);
        }
    }

    private ReadOnlySpan<byte> Span(int part, int row, int count) => _file.Bytes(_parts[part], (long)row * _rowBytes, count * _rowBytes);

    private void Join(int first, int part, int row, int count, Taker take)
    {
        byte[] joined = ArrayPool<byte>.Shared.Rent(count * _rowBytes);
        int done = 0;
        for (; done < count; part++, row = 0)
        {
            int here = Math.Min(count - done, (int)_parts[part].Shape[0] - row);
            Span(part, row, here).CopyTo(joined.AsSpan(done * _rowBytes));
            done += here;
        }
        take(first, joined.AsSpan(0, count * _rowBytes));
        ArrayPool<byte>.Shared.Return(joined);
    }
}
