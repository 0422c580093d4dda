using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>
/// Matrices of 16-bit floats times a few rows of x, as drafts of tokens and small batches have them: widened in registers, once for all of
/// the rows that fit beside them. Widening into memory first would cost more than the products.
/// </content>
internal static unsafe partial class MatMul
{
    /// <summary>Rows whose sums fit into the registers at once.</summary>
    private static int HalfRowsAtOnce => Vector512.IsHardwareAccelerated ? 8 : 2;

    /// <summary>Rows up to which widening again for each group of them is quicker than widening into memory.</summary>
    private static int MostHalfRows => 3 * HalfRowsAtOnce;

    /// <summary>
    /// y[r, 0..32) = x[r, k] times the columns of a panel, one fused chain per output in ascending k.
    /// Bounds: x holds TRows rows of k floats, ldx apart, the panel k * 32 numbers, y TRows * 32 floats.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void HalfTile<TType, TSixteen, V, TRows>(nint k, float* x, nint ldx, ushort* panel, float* y)
        where TType : struct, IHalfType
        where TSixteen : struct, ISixteen<V>
        where V : unmanaged
        where TRows : struct, ICount
    {
        Debug.Assert(TRows.Value is >= 1 and <= 8);
        const int half = PackedPanels.PanelRows / 2;
        V zero = TSixteen.Create(0), s0 = zero, t0 = zero, s1 = zero, t1 = zero, s2 = zero, t2 = zero, s3 = zero, t3 = zero;
        V s4 = zero, t4 = zero, s5 = zero, t5 = zero, s6 = zero, t6 = zero, s7 = zero, t7 = zero;
        float* x4 = x + (4 * ldx);
        for (float* end = x + k; x < end; x++, x4++, panel += PackedPanels.PanelRows)
        {
            V u = TType.Load<TSixteen, V>(panel), v = TType.Load<TSixteen, V>(panel + half), a;
            if (TRows.Value > 0) { a = TSixteen.Create(x[0]); s0 = TSixteen.Fma(a, u, s0); t0 = TSixteen.Fma(a, v, t0); }
            if (TRows.Value > 1) { a = TSixteen.Create(x[ldx]); s1 = TSixteen.Fma(a, u, s1); t1 = TSixteen.Fma(a, v, t1); }
            if (TRows.Value > 2) { a = TSixteen.Create(x[2 * ldx]); s2 = TSixteen.Fma(a, u, s2); t2 = TSixteen.Fma(a, v, t2); }
            if (TRows.Value > 3) { a = TSixteen.Create(x[3 * ldx]); s3 = TSixteen.Fma(a, u, s3); t3 = TSixteen.Fma(a, v, t3); }
            if (TRows.Value > 4) { a = TSixteen.Create(x4[0]); s4 = TSixteen.Fma(a, u, s4); t4 = TSixteen.Fma(a, v, t4); }
            if (TRows.Value > 5) { a = TSixteen.Create(x4[ldx]); s5 = TSixteen.Fma(a, u, s5); t5 = TSixteen.Fma(a, v, t5); }
            if (TRows.Value > 6) { a = TSixteen.Create(x4[2 * ldx]); s6 = TSixteen.Fma(a, u, s6); t6 = TSixteen.Fma(a, v, t6); }
            if (TRows.Value > 7) { a = TSixteen.Create(x4[3 * ldx]); s7 = TSixteen.Fma(a, u, s7); t7 = TSixteen.Fma(a, v, t7); }
        }
        if (TRows.Value > 0) { TSixteen.Store(y, s0); TSixteen.Store(y + half, t0); }
        if (TRows.Value > 1) { TSixteen.Store(y + (2 * half), s1); TSixteen.Store(y + (3 * half), t1); }
        if (TRows.Value > 2) { TSixteen.Store(y + (4 * half), s2); TSixteen.Store(y + (5 * half), t2); }
        if (TRows.Value > 3) { TSixteen.Store(y + (6 * half), s3); TSixteen.Store(y + (7 * half), t3); }
        if (TRows.Value > 4) { TSixteen.Store(y + (8 * half), s4); TSixteen.Store(y + (9 * half), t4); }
        if (TRows.Value > 5) { TSixteen.Store(y + (10 * half), s5); TSixteen.Store(y + (11 * half), t5); }
        if (TRows.Value > 6) { TSixteen.Store(y + (12 * half), s6); TSixteen.Store(y + (13 * half), t6); }
        if (TRows.Value > 7) { TSixteen.Store(y + (14 * half), s7); TSixteen.Store(y + (15 * half), t7); }
    }

    private static void HalfTileOf<TType, TSixteen, V>(int rows, nint k, float* x, nint ldx, ushort* panel, float* y)
        where TType : struct, IHalfType
        where TSixteen : struct, ISixteen<V>
        where V : unmanaged
    {
        switch (rows)
        {
            case 1: HalfTile<TType, TSixteen, V, Count1>(k, x, ldx, panel, y); break;
            case 2: HalfTile<TType, TSixteen, V, Count2>(k, x, ldx, panel, y); break;
            case 3: HalfTile<TType, TSixteen, V, Count3>(k, x, ldx, panel, y); break;
            case 4: HalfTile<TType, TSixteen, V, Count4>(k, x, ldx, panel, y); break;
            case 5: HalfTile<TType, TSixteen, V, Count5>(k, x, ldx, panel, y); break;
            case 6: HalfTile<TType, TSixteen, V, Count6>(k, x, ldx, panel, y); break;
            case 7: HalfTile<TType, TSixteen, V, Count7>(k, x, ldx, panel, y); break;
            case 8: HalfTile<TType, TSixteen, V, Count8>(k, x, ldx, panel, y); break;
            default: Debug.Fail($"a tile of {rows} rows"); break;
        }
    }

    private struct HalfRowsJob<TType, TLanes, TVector, TSixteen, V> : IPoolJob
        where TType : struct, IHalfType
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TSixteen : struct, ISixteen<V>
        where V : unmanaged
    {
        public int M, N, K, Ldx, Ldy, RowsAtOnce;
        public float* X, Bias, Y;
        public ushort* Panels;
        public bool Accumulate;
        private int _panels, _panelsPerPart;

        public void Run(WorkerPool pool, int panels)
        {
            long work = (long)M * N * K;
            int parts = pool.Threads == 1 || work < VectorPoolWork ? 1 : Math.Min(panels, work < 16 * VectorPoolWork ? pool.Threads : 8 * pool.Threads);
            _panels = panels;
            _panelsPerPart = (panels + parts - 1) / parts;
            if (parts == 1) Execute(0);
            else pool.Run(ref this, (panels + _panelsPerPart - 1) / _panelsPerPart);
        }

        [SkipLocalsInit]
        public readonly void Execute(int part)
        {
            float* sums = stackalloc float[8 * PackedPanels.PanelRows];
            int end = Math.Min((part + 1) * _panelsPerPart, _panels);
            for (int panel = part * _panelsPerPart; panel < end; panel++)
            {
                int column = panel * PackedPanels.PanelRows, count = Math.Min(PackedPanels.PanelRows, N - column);
                for (int row = 0; row < M; row += RowsAtOnce)
                {
                    int rows = Math.Min(RowsAtOnce, M - row);
                    HalfTileOf<TType, TSixteen, V>(rows, K, X + ((nint)row * Ldx), Ldx, Panels + ((nint)column * K), sums);
                    for (int r = 0; r < rows; r++)
                        FinishRow<TLanes, TVector>(sums + (r * PackedPanels.PanelRows), Bias == null ? null : Bias + column, Y + ((nint)(row + r) * Ldy) + column, count, Accumulate);
                }
            }
        }
    }
}
