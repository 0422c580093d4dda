using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>Products of two matrices with any strides, both packed on the fly.</content>
internal static unsafe partial class MatMul
{
    /// <summary>
    /// c[m, n] = a[m, k] * b[k, n] (+ c). Element (i, j) of a lies at i * aRow + j * aColumn, b alike; strides are 0 or more.
    /// </summary>
    /// <param name="pool">The threads; small products do not use them.</param>
    /// <param name="m">Rows of a and c.</param>
    /// <param name="n">Columns of b and c.</param>
    /// <param name="k">Columns of a, rows of b.</param>
    /// <param name="a">The left matrix, from its first element on.</param>
    /// <param name="aRow">Floats from one row of a to the next.</param>
    /// <param name="aColumn">Floats from one column of a to the next.</param>
    /// <param name="b">The right matrix, from its first element on.</param>
    /// <param name="bRow">Floats from one row of b to the next.</param>
    /// <param name="bColumn">Floats from one column of b to the next.</param>
    /// <param name="c">[m, n], rows <paramref name="ldc"/> apart; must not overlap a or b.</param>
    /// <param name="ldc">Floats from one row of c to the next.</param>
    /// <param name="accumulate">Whether the old content of c is added.</param>
    public static void Gemm(WorkerPool pool, int m, int n, int k, ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow, int bColumn, Span<float> c, int ldc, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated) GemmBy<FloatLanes512, Vector512<float>>(pool, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, ldc, accumulate);
        else if (Vector256.IsHardwareAccelerated) GemmBy<FloatLanes256, Vector256<float>>(pool, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, ldc, accumulate);
        else GemmBy<FloatLanes128, Vector128<float>>(pool, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, ldc, accumulate);
    }

    /// <summary><see cref="Gemm"/> with the vector width of the caller's choice.</summary>
    internal static void GemmBy<TLanes, TVector>(WorkerPool pool, int m, int n, int k, ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow, int bColumn, Span<float> c, int ldc, bool accumulate)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        if (m < 0 || n < 0 || k < 0) ThrowSizes(nameof(Gemm), m, n, k);
        if (c.Length < Extent(m, n, ldc)) ThrowExtent(nameof(Gemm), nameof(c), c.Length, m, n, ldc);
        CheckStrided(nameof(a), m, k, a.Length, aRow, aColumn);
        CheckStrided(nameof(b), k, n, b.Length, bRow, bColumn);
        if (m == 0 || n == 0) return;
        fixed (float* left = a, right = b, to = c)
        {
            Strided x = new(left, aRow, aColumn);
            Blocked<TLanes, TVector, StridedFeed>(pool, m, n, k, x, new StridedFeed(right, n, bRow, bColumn), null, to, ldc, accumulate);
        }
    }

    private static void CheckStrided(string argument, int rows, int columns, int length, int rowStride, int columnStride)
    {
        if (rowStride < 0 || columnStride < 0) ThrowStrided(argument, length, rows, columns, rowStride, columnStride);
        if (rows == 0 || columns == 0) return;
        if (((rows - 1L) * rowStride) + ((columns - 1L) * columnStride) >= length) ThrowStrided(argument, length, rows, columns, rowStride, columnStride);
    }

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowStrided(string argument, int length, int rows, int columns, int rowStride, int columnStride) =>
        throw new ArgumentException($"MatMul.Gemm: {argument} has {length} floats; need [{rows}, {columns}] with strides ({rowStride}, {columnStride}), which must be 0 or more.", argument);
}
