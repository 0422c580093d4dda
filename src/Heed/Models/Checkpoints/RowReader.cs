using Heed.Formats;

namespace Heed.Models.Checkpoints;

/// <summary>Reads rows of several stored matrices, one below the other, as float32.</summary>
internal sealed class RowReader
{
    private readonly TensorFile _file;
    private readonly StoredTensor[] _parts;
    private readonly bool _transposed;

    /// <summary>The rows of <paramref name="parts"/>, which are stored [out, in], or [in, out] if <paramref name="transposed"/>.</summary>
    public RowReader(TensorFile file, StoredTensor[] parts, bool transposed)
    {
        _file = file;
        _parts = parts;
        _transposed = transposed;
        Rows = checked((int)parts.Sum(RowsOf));
        Columns = checked((int)parts[0].Shape[transposed ? 0 : 1]);
        Bytes = parts.Sum(part => part.ByteLength);
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>What all parts take in the file.</summary>
    public long Bytes { get; }

    /// <summary>Writes rows <paramref name="first"/> … one after another.</summary>
    public void Read(int first, int count, Span<float> destination)
    {
        foreach (StoredTensor part in _parts)
        {
            int rows = (int)RowsOf(part);
            if (first >= rows)
            {
                first -= rows;
                continue;
            }
            int here = Math.Min(count, rows - first);
            Span<float> to = destination[..(here * Columns)];
            if (_transposed) ReadColumns(part, first, here, to);
            else _file.ReadFloats(part, (long)first * Columns, to);
            destination = destination[to.Length..];
            count -= here;
            first = 0;
            if (count == 0) return;
        }
    }

    private long RowsOf(StoredTensor part) => part.Shape[_transposed ? 1 : 0];

    private void ReadColumns(StoredTensor part, int first, int count, Span<float> destination)
    {
        Span<float> piece = stackalloc float[32];
        int stride = (int)part.Shape[1];
        for (int done = 0; done < count; done += piece.Length)
        {
            int width = Math.Min(piece.Length, count - done);
            for (int i = 0; i < Columns; i++)
            {
                _file.ReadFloats(part, (long)i * stride + first + done, piece[..width]);
                for (int j = 0; j < width; j++) destination[(done + j) * Columns + i] = piece[j];
            }
        }
    }
}
