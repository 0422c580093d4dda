using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels;

/// <summary>
/// A matrix [n, k] of 16-bit floats laid out as <see cref="PackedPanels"/>: panels of 32 rows, each [k][32], the last one padded with
/// zeros. Its products are those of the widened matrix, bit for bit.
/// </summary>
internal sealed unsafe class HalfPanels : IDisposable
{
    private const int PanelRows = PackedPanels.PanelRows;

    private readonly NativeBuffer _buffer;

    /// <summary>A matrix in the given memory, which it takes over and which must have <see cref="BytesFor"/> bytes; else one of undefined contents, to be filled with <see cref="Pack"/>.</summary>
    /// <exception cref="ArgumentException">The type is neither F16 nor BF16, or the memory has another size.</exception>
    public HalfPanels(WeightType type, int n, int k, NativeBuffer? memory = null)
    {
        if (!Takes(type)) throw new ArgumentException($"HalfPanels: the type is {type}; expected F16 or BF16.", nameof(type));
        long bytes = BytesFor(n, k);
        if (memory is not null && memory.Bytes != bytes) throw new ArgumentException($"HalfPanels: [{n}, {k}] takes {bytes} bytes; the memory has {memory.Bytes}.", nameof(memory));
        _buffer = memory ?? new NativeBuffer(bytes);
        Type = type;
        N = n;
        K = k;
    }

    public WeightType Type { get; }

    public int N { get; }

    public int K { get; }

    public long Bytes => _buffer.Bytes;

    /// <summary>Where the numbers lie.</summary>
    public NativeBuffer Memory => _buffer;

    /// <summary>The number of panels; each can be packed on a thread of its own.</summary>
    public int PanelCount => (int)(((long)N + PanelRows - 1) / PanelRows);

    public ushort* Pointer => (ushort*)_buffer.Pointer;

    /// <summary>The bytes that an [n, k] matrix takes.</summary>
    public static long BytesFor(int n, int k) => PackedPanels.FloatCount(n, k) * sizeof(ushort);

    /// <summary>Whether the type is one that these panels hold.</summary>
    public static bool Takes(WeightType type) => type is WeightType.F16 or WeightType.BF16;

    /// <summary>The rows of a panel: 32, or what is left in the last one.</summary>
    public int RowsOf(int panel) => Math.Min(PanelRows, N - (panel * PanelRows));

    /// <summary>Sets a panel from its rows' bytes, one after the other.</summary>
    public void Pack(int panel, ReadOnlySpan<byte> rows)
    {
        int count = RowsOf(panel);
        if (rows.Length != (long)count * K * sizeof(ushort))
            throw new ArgumentException($"HalfPanels: panel {panel} takes {count} rows of {K * sizeof(ushort)} bytes; got {rows.Length} bytes.");
        Debug.Assert((uint)panel < (uint)PanelCount && ((panel + 1L) * PanelRows * K * sizeof(ushort)) <= Bytes, "HalfPanels: there is no such panel.");
        Debug.Assert(!_buffer.IsView, "HalfPanels: a mapped matrix is only read.");
        ushort* to = Pointer + ((nint)panel * PanelRows * K);
        if (count < PanelRows) new Span<ushort>(to, PanelRows * K).Clear();
        fixed (byte* bytes = rows) Transpose((ushort*)bytes, count, to);
        GC.KeepAlive(this);
    }

    /// <summary>Copies row <paramref name="row"/> out as floats.</summary>
    public void ReadRow(int row, Span<float> destination)
    {
        if ((uint)row >= (uint)N) throw new ArgumentOutOfRangeException(nameof(row), row, $"HalfPanels: the matrix has {N} rows.");
        ushort* source = Pointer + ((nint)(row / PanelRows) * PanelRows * K) + (row % PanelRows);
        for (int i = 0; i < K; i++)
        {
            ushort half = source[(nint)i * PanelRows];
            destination[i] = Type == WeightType.F16 ? Quantization.HalfPrecision.ToFloat(half) : BitConverter.Int32BitsToSingle(half << 16);
        }
        GC.KeepAlive(this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Transpose(ushort* from, nint count, ushort* to)
    {
        // Eight columns of a row at a time, so that a cache line of the file is read once.
        const int step = 8;
        nint k = K;
        for (nint first = 0; first < k; first += step)
        {
            nint end = Math.Min(first + step, k), row = 0;
            if (Sse2.IsSupported && end - first == step)
                for (; row <= count - step; row += step) EightByEight(from + (row * k) + first, k, to + (first * PanelRows) + row);
            for (; row < count; row++)
                for (nint i = first; i < end; i++) to[(i * PanelRows) + row] = from[(row * k) + i];
        }
    }

    /// <summary>Eight numbers from each of eight rows to eight panel lines. Bounds: reads 8 numbers every <paramref name="k"/>, writes 8 every 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightByEight(ushort* from, nint k, ushort* to)
    {
        Vector128<ushort> a0 = Vector128.Load(from), a1 = Vector128.Load(from + k), a2 = Vector128.Load(from + (2 * k)), a3 = Vector128.Load(from + (3 * k));
        Vector128<ushort> a4 = Vector128.Load(from + (4 * k)), a5 = Vector128.Load(from + (5 * k)), a6 = Vector128.Load(from + (6 * k)), a7 = Vector128.Load(from + (7 * k));
        Vector128<uint> b0 = Sse2.UnpackLow(a0, a1).AsUInt32(), b1 = Sse2.UnpackLow(a2, a3).AsUInt32(), b2 = Sse2.UnpackLow(a4, a5).AsUInt32(), b3 = Sse2.UnpackLow(a6, a7).AsUInt32();
        Vector128<uint> c0 = Sse2.UnpackHigh(a0, a1).AsUInt32(), c1 = Sse2.UnpackHigh(a2, a3).AsUInt32(), c2 = Sse2.UnpackHigh(a4, a5).AsUInt32(), c3 = Sse2.UnpackHigh(a6, a7).AsUInt32();
        FourLines(b0, b1, b2, b3, to);
        FourLines(c0, c1, c2, c3, to + (4 * PanelRows));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourLines(Vector128<uint> b0, Vector128<uint> b1, Vector128<uint> b2, Vector128<uint> b3, ushort* to)
    {
        Vector128<ulong> d0 = Sse2.UnpackLow(b0, b1).AsUInt64(), d1 = Sse2.UnpackLow(b2, b3).AsUInt64(), e0 = Sse2.UnpackHigh(b0, b1).AsUInt64(), e1 = Sse2.UnpackHigh(b2, b3).AsUInt64();
        Sse2.UnpackLow(d0, d1).Store((ulong*)to);
        Sse2.UnpackHigh(d0, d1).Store((ulong*)(to + PanelRows));
        Sse2.UnpackLow(e0, e1).Store((ulong*)(to + (2 * PanelRows)));
        Sse2.UnpackHigh(e0, e1).Store((ulong*)(to + (3 * PanelRows)));
    }

    public void Dispose() => _buffer.Dispose();
}
