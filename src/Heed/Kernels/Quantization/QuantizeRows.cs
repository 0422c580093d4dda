using System.Buffers;
using System.Globalization;

namespace Heed.Kernels.Quantization;

/// <summary>Reads, and rounds to a type, rows of a matrix, some on each thread of a pool.</summary>
internal readonly struct QuantizeRows : IPoolJob
{
    private const int RowsPerPart = 4;

    private readonly WeightType _type;
    private readonly int _first, _rows, _columns, _rowBytes;
    private readonly float[]? _importance;
    private readonly Reader _read;
    private readonly byte[] _destination;

    private QuantizeRows(WeightType type, int first, int rows, int columns, int rowBytes, float[]? importance, Reader read, byte[] destination)
    {
        (_type, _first, _rows, _columns, _rowBytes) = (type, first, rows, columns, rowBytes);
        (_importance, _read, _destination) = (importance, read, destination);
    }

    /// <summary>Writes a row of the matrix; called from several threads at once.</summary>
    public delegate void Reader(int row, Span<float> destination);

    /// <summary>Rounds <paramref name="rows"/> rows from <paramref name="first"/> on into the beginning of <paramref name="destination"/>.</summary>
    /// <exception cref="ArithmeticException">A row has a number that the type does not take; the message names the row.</exception>
    public static void Run(WorkerPool pool, WeightType type, int first, int rows, int columns, float[]? importance, Reader read, byte[] destination)
    {
        if (!BlockSizes.TryByteLength(type, columns, out long rowBytes) || rowBytes * rows > destination.Length)
            throw new ArgumentException($"QuantizeRows: {rows} rows of {columns} numbers of {type} do not fit {destination.Length} bytes.", nameof(destination));
        QuantizeRows job = new(type, first, rows, columns, (int)rowBytes, importance, read, destination);
        pool.Run(ref job, (rows + RowsPerPart - 1) / RowsPerPart);
    }

    public void Execute(int part)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(_columns);
        Span<float> row = rented.AsSpan(0, _columns);
        try
        {
            for (int i = part * RowsPerPart; i < Math.Min(_rows, (part + 1) * RowsPerPart); i++)
            {
                _read(_first + i, row);
                Round(i, row);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private void Round(int i, ReadOnlySpan<float> row)
    {
        try
        {
            Quantize.FromFloat(_type, row, _importance, _destination.AsSpan(i * _rowBytes, _rowBytes));
        }
        catch (ArithmeticException error)
        {
            throw new ArithmeticException(string.Create(CultureInfo.InvariantCulture, $"row {_first + i}: {error.Message}"), error);
        }
    }
}
