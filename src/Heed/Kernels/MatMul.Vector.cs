using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>One row of x: the matrix-vector product of decoding, which lives on the speed at which the panels stream in.</content>
internal static unsafe partial class MatMul
{
    /// <summary>Multiply-adds below which the threads would wait for each other longer than they work.</summary>
    private const long VectorPoolWork = 128 * 1024;

    private static void Vector<TLanes, TVector>(WorkerPool pool, int n, int k, float* x, float* panels, float* bias, float* y, bool accumulate)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        VectorJob<TLanes, TVector> job = new() { N = n, K = k, X = x, Panels = panels, Bias = bias, Y = y, Accumulate = accumulate };
        int panelCount = (n + PackedPanels.PanelRows - 1) / PackedPanels.PanelRows;
        long work = (long)n * k;
        if (pool.Threads == 1 || work < VectorPoolWork)
        {
            job.Range(0, panelCount);
            return;
        }
        int inFlight = PanelsInFlight<TLanes, TVector>();
        int groups = (panelCount + inFlight - 1) / inFlight;
        int parts = Math.Min(groups, work < 16 * VectorPoolWork ? pool.Threads : 8 * pool.Threads);
        job.PanelsPerPart = (groups + parts - 1) / parts * inFlight;
        pool.Run(ref job, (panelCount + job.PanelsPerPart - 1) / job.PanelsPerPart);
    }

    /// <summary>Panels that eight accumulators cover.</summary>
    private static int PanelsInFlight<TLanes, TVector>()
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged =>
        8 * TLanes.Width / PackedPanels.PanelRows;

    /// <summary>
    /// y[0..2W * TPairs) = x[k] times as many columns of the panels, in TPairs * 2 accumulators.
    /// Bounds: x holds k floats, each panel k * 32 floats and lies k * 32 floats behind the one before, y 2W * TPairs floats.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TLanes, TVector, TPairs>(nint k, float* x, float* panels, float* y)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TPairs : struct, ICount
    {
        int w = TLanes.Width;
        float* p0 = panels, p1 = PairAt<TLanes, TVector>(panels, k, 1), p2 = PairAt<TLanes, TVector>(panels, k, 2), p3 = PairAt<TLanes, TVector>(panels, k, 3);
        TVector s0 = TLanes.Zero, t0 = TLanes.Zero, s1 = TLanes.Zero, t1 = TLanes.Zero;
        TVector s2 = TLanes.Zero, t2 = TLanes.Zero, s3 = TLanes.Zero, t3 = TLanes.Zero;
        nint at = 0;
        for (float* end = x + k; x < end; x++, at += PackedPanels.PanelRows)
        {
            TVector v = TLanes.Broadcast(*x);
            if (TPairs.Value > 0) { s0 = TLanes.MultiplyAdd(v, TLanes.Load(p0 + at), s0); t0 = TLanes.MultiplyAdd(v, TLanes.Load(p0 + at + w), t0); }
            if (TPairs.Value > 1) { s1 = TLanes.MultiplyAdd(v, TLanes.Load(p1 + at), s1); t1 = TLanes.MultiplyAdd(v, TLanes.Load(p1 + at + w), t1); }
            if (TPairs.Value > 2) { s2 = TLanes.MultiplyAdd(v, TLanes.Load(p2 + at), s2); t2 = TLanes.MultiplyAdd(v, TLanes.Load(p2 + at + w), t2); }
            if (TPairs.Value > 3) { s3 = TLanes.MultiplyAdd(v, TLanes.Load(p3 + at), s3); t3 = TLanes.MultiplyAdd(v, TLanes.Load(p3 + at + w), t3); }
        }
        if (TPairs.Value > 0) { TLanes.Store(s0, y); TLanes.Store(t0, y + w); }
        if (TPairs.Value > 1) { TLanes.Store(s1, y + (2 * w)); TLanes.Store(t1, y + (3 * w)); }
        if (TPairs.Value > 2) { TLanes.Store(s2, y + (4 * w)); TLanes.Store(t2, y + (5 * w)); }
        if (TPairs.Value > 3) { TLanes.Store(s3, y + (6 * w)); TLanes.Store(t3, y + (7 * w)); }
    }

    /// <summary>The column at which pair <paramref name="pair"/> of accumulators begins: later ones lie in the following panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* PairAt<TLanes, TVector>(float* panels, nint k, int pair)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        int column = pair * 2 * TLanes.Width;
        return panels + (column / PackedPanels.PanelRows * PackedPanels.PanelRows * k) + (column % PackedPanels.PanelRows);
    }

    private struct VectorJob<TLanes, TVector> : IPoolJob
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        public int N, K, PanelsPerPart;
        public float* X, Panels, Bias, Y;
        public bool Accumulate;

        public readonly void Execute(int part)
        {
            int first = part * PanelsPerPart;
            Range(first, Math.Min(first + PanelsPerPart, (N + PackedPanels.PanelRows - 1) / PackedPanels.PanelRows));
        }

        [SkipLocalsInit]
        public readonly void Range(int first, int end)
        {
            int inFlight = PanelsInFlight<TLanes, TVector>();
            float* sums = stackalloc float[4 * PackedPanels.PanelRows];
            for (int panel = first; panel < end; panel += inFlight)
            {
                int count = Math.Min(inFlight, end - panel), column = panel * PackedPanels.PanelRows;
                int width = Math.Min(count * PackedPanels.PanelRows, N - column);
                bool direct = Bias == null && !Accumulate && width == count * PackedPanels.PanelRows;
                float* to = direct ? Y + column : sums;
                Columns(count, Panels + ((nint)column * K), to);
                if (!direct) FinishRow<TLanes, TVector>(sums, Bias == null ? null : Bias + column, Y + column, width, Accumulate);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Columns(int count, float* panels, float* y)
        {
            // Eight accumulators cover four panels of AVX-512, two of AVX2 and one of 128 bits.
            int pairs = count * PackedPanels.PanelRows / (2 * TLanes.Width);
            Debug.Assert(pairs is >= 1 and <= 4);
            if (pairs == 4) Row<TLanes, TVector, Count4>(K, X, panels, y);
            else if (pairs == 3) Row<TLanes, TVector, Count3>(K, X, panels, y);
            else if (pairs == 2) Row<TLanes, TVector, Count2>(K, X, panels, y);
            else Row<TLanes, TVector, Count1>(K, X, panels, y);
        }
    }

    /// <summary>y = (sums + bias) + the old y, each where asked for. Bounds: <paramref name="count"/> floats each.</summary>
    private static void FinishRow<TLanes, TVector>(float* sums, float* bias, float* y, int count, bool accumulate)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        int j = 0;
        for (; j <= count - TLanes.Width; j += TLanes.Width)
        {
            TVector sum = TLanes.Load(sums + j);
            if (bias != null) sum = TLanes.Add(sum, TLanes.Load(bias + j));
            if (accumulate) sum = TLanes.Add(sum, TLanes.Load(y + j));
            TLanes.Store(sum, y + j);
        }
        for (; j < count; j++)
        {
            float sum = sums[j];
            if (bias != null) sum += bias[j];
            y[j] = accumulate ? sum + y[j] : sum;
        }
    }
}
