using Heed.Formats;

namespace Heed.Models.Checkpoints;

/// <summary>Reads rows of slices of stored matrices, one below the other, as float32.</summary>
internal sealed class RowReader
{
    private readonly TensorFile _file;
    private readonly StoredSlice[] _parts;

    /// <summary>The rows of <paramref name="parts"/>.</summary>
    public RowReader(TensorFile file, StoredSlice[] parts)
    {
        _file = file;
        _parts = parts;
        Rows = checked(parts.Sum(part => part.Rows));
        Columns = parts[0].Columns;
        Bytes = parts.Sum(part => part.Bytes);
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>What all parts take in the file.</summary>
    public long Bytes { get; }

    /// <summary>Writes rows <paramref name="first"/> … one after another.</summary>
    public void Read(int first, int count, Span<float> destination)
    {
        foreach (StoredSlice part in _parts)
        {
            if (first >= part.Rows)
            {
                first -= part.Rows;
                continue;
            }
            int here = Math.Min(count, part.Rows - first);
            Span<float> to = destination[..(here * Columns)];
            if (part.Transposed) ReadColumns(part, first, here, to);
            else ReadRows(part, first, here, to);
            destination = destination[to.Length..];
            count -= here;
            first = 0;
            if (count == 0) return;
        }
    }

    private void ReadRows(StoredSlice part, int first, int count, Span<float> destination)
    {
        long stride = part.WholeColumns, start = (part.FirstRow + first) * stride + part.FirstColumn;
        int length = part.HasWholeRows ? count * Columns : Columns;
        for (; destination.Length > 0; destination = destination[length..], start += stride) _file.ReadFloats(part.Tensor, start, destination[..length]);
    }

    private void ReadColumns(StoredSlice part, int first, int count, Span<float> destination)
    {
        Span<float> piece = stackalloc float[32];
        long stride = part.Tensor.Shape[1], start = part.FirstColumn * stride + part.FirstRow + first;
        for (int done = 0; done < count; done += piece.Length)
        {
            int width = Math.Min(piece.Length, count - done);
            for (int i = 0; i < Columns; i++)
            {
                _file.ReadFloats(part.Tensor, start + i * stride + done, piece[..width]);
                for (int j = 0; j < width; j++) destination[(done + j) * Columns + i] = piece[j];
            }
        }
    }
}
