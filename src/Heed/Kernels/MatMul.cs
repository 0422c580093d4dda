using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// Products of float32 matrices. Every output is one chain of fused multiply-adds over ascending k that begins with 0; then come
/// the bias and the old value of y, in this order. So all paths, sizes, widths and thread counts give the same bits.
/// Sizes: m rows of x and y, n outputs per row, k inputs per row.
/// </summary>
internal static unsafe partial class MatMul
{
    /// <summary>
    /// y[m, n] = x[m, k] * w[n, k]^T (+ bias[n]) (+ y), with w packed into panels.
    /// </summary>
    /// <param name="pool">The threads; small products do not use them.</param>
    /// <param name="m">Rows of x and y.</param>
    /// <param name="x">[m, k], rows <paramref name="ldx"/> apart.</param>
    /// <param name="ldx">Floats from one row of x to the next; ignored for one row.</param>
    /// <param name="weights">w; gives n and k.</param>
    /// <param name="bias">[n], or empty for none.</param>
    /// <param name="y">[m, n], rows <paramref name="ldy"/> apart; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next; ignored for one row.</param>
    /// <param name="accumulate">Whether the old content of y is added.</param>
    public static void Packed(WorkerPool pool, int m, ReadOnlySpan<float> x, int ldx, in PackedPanels weights, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated) PackedBy<FloatLanes512, Vector512<float>>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
        else if (Vector256.IsHardwareAccelerated) PackedBy<FloatLanes256, Vector256<float>>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
        else PackedBy<FloatLanes128, Vector128<float>>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
    }

    /// <summary><see cref="Packed"/> with the vector width of the caller's choice.</summary>
    internal static void PackedBy<TLanes, TVector>(WorkerPool pool, int m, ReadOnlySpan<float> x, int ldx, in PackedPanels weights, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        int n = weights.N, k = weights.K;
        Check(nameof(Packed), m, n, k, x.Length, ldx, bias.Length, y.Length, ldy);
        if (m == 0 || n == 0) return;
        fixed (float* from = x, add = bias, to = y)
        {
            if (m == 1) Vector<TLanes, TVector>(pool, n, k, from, weights.Pointer, add, to, accumulate);
            else Blocked<TLanes, TVector, PackedFeed>(pool, m, n, k, new Strided(from, ldx, 1), new PackedFeed(weights.Pointer, k), add, to, ldy, accumulate);
        }
        weights.KeepAlive();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Check(string operation, int m, int n, int k, int x, int ldx, int bias, int y, int ldy)
    {
        if (m < 0 || n < 0 || k < 0) ThrowSizes(operation, m, n, k);
        if (x < Extent(m, k, ldx)) ThrowExtent(operation, "x", x, m, k, ldx);
        if (y < Extent(m, n, ldy)) ThrowExtent(operation, "y", y, m, n, ldy);
        if (bias != 0 && bias < n) ThrowBias(operation, bias, n);
    }

    /// <summary>The floats that rows of a row-major matrix span, or more than any span holds where its rows overlap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Extent(int rows, int columns, int stride)
    {
        if (rows <= 1) return rows * (long)columns;
        return stride < columns ? long.MaxValue : ((rows - 1L) * stride) + columns;
    }

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowSizes(string operation, int m, int n, int k) =>
        throw new ArgumentOutOfRangeException(nameof(m), $"MatMul.{operation}: sizes m = {m}, n = {n}, k = {k}; need 0 or more.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowExtent(string operation, string argument, int got, int rows, int columns, int stride) =>
        throw new ArgumentException($"MatMul.{operation}: {argument} has {got} floats; need [{rows}, {columns}] with rows {stride} apart, and a stride of at least {columns}.", argument);

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowBias(string operation, int got, int n) =>
        throw new ArgumentException($"MatMul.{operation}: bias has {got} floats; need none or {n}.", nameof(got));
}
