using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>
/// A view of an [n, k] matrix laid out for the matrix kernels: panels of 32 rows, each [k][32], the last one padded with zeros.
/// The memory belongs to its buffer, which must not be disposed before the last use of the view.
/// </summary>
internal readonly unsafe struct PackedPanels
{
    /// <summary>Rows per panel.</summary>
    public const int PanelRows = 32;

    private readonly NativeBuffer _buffer;

    /// <summary>The matrix [<paramref name="n"/>, <paramref name="k"/>] that begins at a float offset, a multiple of 16, of the buffer.</summary>
    public PackedPanels(NativeBuffer buffer, long floatOffset, int n, int k)
    {
        long floats = FloatCount(n, k);
        if (floatOffset < 0 || floatOffset % 16 != 0 || floatOffset > (buffer.Bytes / sizeof(float)) - floats) ThrowRange(buffer, floatOffset, n, k);
        _buffer = buffer;
        Pointer = (float*)buffer.Pointer + floatOffset;
        N = n;
        K = k;
    }

    /// <summary>Rows of the matrix: outputs of the product.</summary>
    public int N { get; }

    /// <summary>Columns of the matrix: inputs of the product.</summary>
    public int K { get; }

    /// <summary>The first float of the first panel.</summary>
    public float* Pointer { get; }

    public int PanelCount => (int)(((long)N + PanelRows - 1) / PanelRows);

    /// <summary>The floats that an [n, k] matrix takes in this layout.</summary>
    public static long FloatCount(int n, int k)
    {
        if (n < 0 || k < 0) ThrowSize(n, k);
        return ((long)n + PanelRows - 1) / PanelRows * PanelRows * k;
    }

    /// <summary>Lays up to 32 rows [rowCount, k] out as one panel [k][32]; missing rows become zeros.</summary>
    public static void PackRows(ReadOnlySpan<float> rows, int rowCount, int k, Span<float> panel)
    {
        if (rowCount is < 0 or > PanelRows || k < 0 || rows.Length < (long)rowCount * k || panel.Length < (long)PanelRows * k)
            ThrowPack(rows.Length, rowCount, k, panel.Length);
        fixed (float* source = rows, destination = panel) TilePacking.Transpose(source, k, rowCount, k, destination, PanelRows);
    }

    /// <summary>Panel <paramref name="index"/>, [k][32].</summary>
    public Span<float> Panel(int index)
    {
        if ((uint)index >= (uint)PanelCount) ThrowIndex(nameof(index), index, PanelCount);
        return new Span<float>(Pointer + ((long)index * PanelRows * K), PanelRows * K);
    }

    /// <summary>Lays a whole row-major [n, k] matrix out.</summary>
    public void Pack(ReadOnlySpan<float> matrix)
    {
        if (matrix.Length != (long)N * K) ThrowIndex(nameof(matrix), matrix.Length, N * (long)K);
        for (int panel = 0; panel < PanelCount; panel++)
        {
            int first = panel * PanelRows, count = Math.Min(PanelRows, N - first);
            PackRows(matrix.Slice(first * K, count * K), count, K, Panel(panel));
        }
    }

    /// <summary>Copies row <paramref name="row"/> out: the k floats of an embedding, for a matrix that is tied to the output layer.</summary>
    public void ReadRow(int row, Span<float> destination)
    {
        if ((uint)row >= (uint)N) ThrowIndex(nameof(row), row, N);
        if (destination.Length < K) ThrowIndex(nameof(destination), destination.Length, K);
        float* source = Pointer + ((long)(row / PanelRows) * PanelRows * K) + (row % PanelRows);
        for (int i = 0; i < K; i++) destination[i] = source[(long)i * PanelRows];
        KeepAlive();
    }

    /// <summary>Keeps the memory's owner from being finalized before this point.</summary>
    public void KeepAlive() => GC.KeepAlive(_buffer);

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowSize(int n, int k) =>
        throw new ArgumentOutOfRangeException(nameof(n), $"PackedPanels: sizes [{n}, {k}]; need 0 or more.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowRange(NativeBuffer buffer, long offset, int n, int k) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"PackedPanels: [{n}, {k}] needs {FloatCount(n, k)} floats from float {offset} on, a multiple of 16; the buffer holds {buffer.Bytes / sizeof(float)}.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowPack(int rows, int rowCount, int k, int panel) =>
        throw new ArgumentException($"PackedPanels.PackRows: {rows} floats for {rowCount} rows of {k}, and {panel} floats for the panel; need 0 to {PanelRows} rows and a panel of {PanelRows} * k.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowIndex(string argument, int got, long expected) =>
        throw new ArgumentOutOfRangeException(argument, $"PackedPanels: {argument} is {got}; the matrix asks for {expected}.");
}
