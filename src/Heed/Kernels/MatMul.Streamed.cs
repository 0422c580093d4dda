using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>Weights of other types, widened to float panel by panel.</content>
internal static unsafe partial class MatMul
{
    /// <summary>
    /// y[m, n] = x[m, k] * w[n, k]^T (+ bias[n]) (+ y), with w widened by <paramref name="source"/>; arguments as in <see cref="Packed"/>.
    /// </summary>
    public static void Streamed<TSource>(WorkerPool pool, int m, int n, int k, ReadOnlySpan<float> x, int ldx, TSource source, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
        where TSource : struct, IPanelSource
    {
        if (Vector512.IsHardwareAccelerated) StreamedBy<FloatLanes512, Vector512<float>, TSource>(pool, m, n, k, x, ldx, source, bias, y, ldy, accumulate);
        else if (Vector256.IsHardwareAccelerated) StreamedBy<FloatLanes256, Vector256<float>, TSource>(pool, m, n, k, x, ldx, source, bias, y, ldy, accumulate);
        else StreamedBy<FloatLanes128, Vector128<float>, TSource>(pool, m, n, k, x, ldx, source, bias, y, ldy, accumulate);
    }

    /// <summary><see cref="Streamed"/> with the vector width of the caller's choice.</summary>
    internal static void StreamedBy<TLanes, TVector, TSource>(WorkerPool pool, int m, int n, int k, ReadOnlySpan<float> x, int ldx, TSource source, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TSource : struct, IPanelSource
    {
        Check(nameof(Streamed), m, n, k, x.Length, ldx, bias.Length, y.Length, ldy);
        if (m == 0 || n == 0) return;
        fixed (float* from = x, add = bias, to = y)
            Blocked<TLanes, TVector, SourceFeed<TSource>>(pool, m, n, k, new Strided(from, ldx, 1), new SourceFeed<TSource>(source, n), add, to, ldy, accumulate);
    }
}
