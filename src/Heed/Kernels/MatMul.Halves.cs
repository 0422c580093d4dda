using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>Matrices of 16-bit floats: widened in registers for one row of x and for a few, and a slice at a time for many.</content>
internal static unsafe partial class MatMul
{
    /// <summary>y[m, n] = x[m, k] * w[n, k]^T (+ bias[n]) (+ y); arguments as in <see cref="Packed"/>.</summary>
    public static void Halves(WorkerPool pool, int m, ReadOnlySpan<float> x, int ldx, HalfPanels weights, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
    {
        if (weights.Type == WeightType.F16) HalvesOf<Binary16Type>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
        else HalvesOf<BFloat16Type>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
    }

    private static void HalvesOf<TType>(WorkerPool pool, int m, ReadOnlySpan<float> x, int ldx, HalfPanels weights, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
        where TType : struct, IHalfType
    {
        if (Vector512.IsHardwareAccelerated) HalvesBy<TType, FloatLanes512, Vector512<float>, Sixteen512, Vector512<float>>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
        else if (Vector256.IsHardwareAccelerated) HalvesBy<TType, FloatLanes256, Vector256<float>, Sixteen256, Pair256>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
        else HalvesBy<TType, FloatLanes128, Vector128<float>, Sixteen128, Quad128>(pool, m, x, ldx, weights, bias, y, ldy, accumulate);
    }

    /// <summary><see cref="Halves"/> with the vector width of the caller's choice.</summary>
    internal static void HalvesBy<TType, TLanes, TVector, TSixteen, V>(WorkerPool pool, int m, ReadOnlySpan<float> x, int ldx, HalfPanels weights, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
        where TType : struct, IHalfType
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TSixteen : struct, ISixteen<V>
        where V : unmanaged
    {
        int n = weights.N, k = weights.K;
        Check(nameof(Halves), m, n, k, x.Length, ldx, bias.Length, y.Length, ldy);
        if (m == 0 || n == 0) return;
        Debug.Assert(weights.Bytes == HalfPanels.BytesFor(n, k), "HalvesBy: the panels have another size.");
        fixed (float* from = x, add = bias, to = y)
        {
            if (m == 1)
            {
                HalfRowJob<TType, TLanes, TVector, TSixteen, V> job = new() { N = n, K = k, X = from, Panels = weights.Pointer, Bias = add, Y = to, Accumulate = accumulate };
                job.Run(pool, weights.PanelCount);
            }
            else if (m <= MostHalfRows)
            {
                HalfRowsJob<TType, TLanes, TVector, TSixteen, V> job = new() { M = m, N = n, K = k, X = from, Ldx = ldx, Panels = weights.Pointer, Bias = add, Y = to, Ldy = ldy, RowsAtOnce = HalfRowsAtOnce, Accumulate = accumulate };
                job.Run(pool, weights.PanelCount);
            }
            else Blocked<TLanes, TVector, HalfFeed<TType>>(pool, m, n, k, new Strided(from, ldx, 1), new HalfFeed<TType>(weights.Pointer, k), add, to, ldy, accumulate);
        }
        GC.KeepAlive(weights);
    }

    /// <summary>y[0..32 * TPanels) = x[k] times as many columns of the panels. Bounds: x holds k floats, each panel k * 32 numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HalfRow<TType, TSixteen, V, TPanels>(nint k, float* x, ushort* panels, float* y)
        where TType : struct, IHalfType
        where TSixteen : struct, ISixteen<V>
        where V : unmanaged
        where TPanels : struct, ICount
    {
        const int half = PackedPanels.PanelRows / 2;
        ushort* p0 = panels, p1 = p0 + (k * PackedPanels.PanelRows), p2 = p1 + (k * PackedPanels.PanelRows), p3 = p2 + (k * PackedPanels.PanelRows);
        V zero = TSixteen.Create(0), s0 = zero, t0 = zero, s1 = zero, t1 = zero, s2 = zero, t2 = zero, s3 = zero, t3 = zero;
        nint at = 0;
        for (float* end = x + k; x < end; x++, at += PackedPanels.PanelRows)
        {
            V v = TSixteen.Create(*x);
            s0 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p0 + at), s0);
            t0 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p0 + at + half), t0);
            if (TPanels.Value > 1) { s1 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p1 + at), s1); t1 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p1 + at + half), t1); }
            if (TPanels.Value > 2) { s2 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p2 + at), s2); t2 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p2 + at + half), t2); }
            if (TPanels.Value > 3) { s3 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p3 + at), s3); t3 = TSixteen.Fma(v, TType.Load<TSixteen, V>(p3 + at + half), t3); }
        }
        TSixteen.Store(y, s0);
        TSixteen.Store(y + half, t0);
        if (TPanels.Value > 1) { TSixteen.Store(y + (2 * half), s1); TSixteen.Store(y + (3 * half), t1); }
        if (TPanels.Value > 2) { TSixteen.Store(y + (4 * half), s2); TSixteen.Store(y + (5 * half), t2); }
        if (TPanels.Value > 3) { TSixteen.Store(y + (6 * half), s3); TSixteen.Store(y + (7 * half), t3); }
    }

    private struct HalfRowJob<TType, TLanes, TVector, TSixteen, V> : IPoolJob
        where TType : struct, IHalfType
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TSixteen : struct, ISixteen<V>
        where V : unmanaged
    {
        private const int InFlight = 4;

        public int N, K;
        public float* X, Bias, Y;
        public ushort* Panels;
        public bool Accumulate;
        private int _panels, _panelsPerPart;

        public void Run(WorkerPool pool, int panels)
        {
            long work = (long)N * K;
            int groups = (panels + InFlight - 1) / InFlight;
            int parts = pool.Threads == 1 || work < VectorPoolWork ? 1 : Math.Min(groups, work < 16 * VectorPoolWork ? pool.Threads : 8 * pool.Threads);
            _panels = panels;
            _panelsPerPart = (groups + parts - 1) / parts * InFlight;
            if (parts == 1) Execute(0);
            else pool.Run(ref this, (panels + _panelsPerPart - 1) / _panelsPerPart);
        }

        [SkipLocalsInit]
        public readonly void Execute(int part)
        {
            float* sums = stackalloc float[InFlight * PackedPanels.PanelRows];
            int end = Math.Min((part + 1) * _panelsPerPart, _panels);
            for (int panel = part * _panelsPerPart; panel < end; panel += InFlight)
            {
                int count = Math.Min(InFlight, end - panel), column = panel * PackedPanels.PanelRows;
                ushort* panels = Panels + ((nint)column * K);
                if (count == 4) HalfRow<TType, TSixteen, V, Count4>(K, X, panels, sums);
                else if (count == 3) HalfRow<TType, TSixteen, V, Count3>(K, X, panels, sums);
                else if (count == 2) HalfRow<TType, TSixteen, V, Count2>(K, X, panels, sums);
                else HalfRow<TType, TSixteen, V, Count1>(K, X, panels, sums);
                FinishRow<TLanes, TVector>(sums, Bias == null ? null : Bias + column, Y + column, Math.Min(count * PackedPanels.PanelRows, N - column), Accumulate);
            }
        }
    }
}
