using System.Buffers;
using Heed.Formats;

namespace Heed.Models.Checkpoints;

/// <summary>Rows of slices of several stored matrices of one type, one below the other, in the file's own bytes.</summary>
internal sealed class RawRows
{
    private readonly TensorFile _file;
    private readonly StoredSlice[] _parts;
    private readonly int _rowBytes;

    /// <summary>The rows of <paramref name="parts"/>, which are stored [out, in].</summary>
    public RawRows(TensorFile file, StoredSlice[] parts)
    {
        _file = file;
        _parts = parts;
        Rows = checked(parts.Sum(part => part.Rows));
        Columns = parts[0].Columns;
        Bytes = parts.Sum(part => part.Bytes);
        _rowBytes = parts[0].RowBytes;
    }

    /// <summary>Takes rows from the one of that number on.</summary>
    public delegate void Taker(int first, ReadOnlySpan<byte> bytes);

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>What all parts take in the file.</summary>
    public long Bytes { get; }

    /// <summary>Hands over rows <paramref name="first"/> …: as they lie mapped, or in a copy where they lie in several places.</summary>
    public void Read(int first, int count, Taker take)
    {
        int row = first;
        for (int i = 0; i < _parts.Length; row -= _parts[i++].Rows)
        {
            StoredSlice part = _parts[i];
            if (row >= part.Rows) continue;
            if (row + count <= part.Rows && part.HasWholeRows && part.Tensor.Joined is null) take(first, _file.Bytes(part.Tensor, (long)(part.FirstRow + row) * _rowBytes, count * _rowBytes));
            else Join(first, i, row, count, take);
            return;
        }
    }

    /// <summary>Gives the mapped memory of rows <paramref name="first"/> … back.</summary>
    public void Release(int first, int count)
    {
        foreach (StoredSlice part in _parts)
        {
            int here = Math.Min(count, part.Rows - first);
            if (here > 0) _file.Release(part.Tensor, (long)(part.FirstRow + first) * part.RowStride, (long)here * part.RowStride);
            count -= Math.Max(here, 0);
            first = Math.Max(first - part.Rows, 0);
        }
    }

    private void Join(int first, int part, int row, int count, Taker take)
    {
        byte[] joined = ArrayPool<byte>.Shared.Rent(count * _rowBytes);
        int done = 0;
        for (; done < count; part++, row = 0)
        {
            int here = Math.Min(count - done, _parts[part].Rows - row);
            Copy(_parts[part], row, joined.AsSpan(done * _rowBytes, here * _rowBytes));
            done += here;
        }
        take(first, joined.AsSpan(0, count * _rowBytes));
        ArrayPool<byte>.Shared.Return(joined);
    }

    private void Copy(StoredSlice part, int row, Span<byte> destination)
    {
        int length = part.HasWholeRows ? destination.Length : _rowBytes;
        long stride = part.RowStride, start = (part.FirstRow + row) * stride + part.ColumnOffset;
        for (; destination.Length > 0; destination = destination[length..], start += stride) _file.CopyBytes(part.Tensor, start, destination[..length]);
    }
}
