using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

internal static unsafe partial class MatMul
{
    /// <summary>
    /// How many steps of k a tile asks for its operands ahead. Both come from the outer caches: where those are slow or shared
    /// with busy neighbours this is worth 2 to 25 % (1024 and 2048 cubed).
    /// </summary>
    private const int Ahead = 32;

    /// <summary>
    /// c[r, 0..2W) = (resume ? c[r, 0..2W) : 0) + sum over i of a[i, r] * b[i, 0..2W), one fused chain per output in ascending i.
    /// Bounds: a holds k columns of the tile, TRows floats each, lda apart; b rows of a panel from column 0 or a multiple
    /// of 2W on; c TRows rows of 2W floats, ldc apart.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TLanes, TVector, TRows>(nint k, float* a, nint lda, float* b, float* c, nint ldc, bool resume)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TRows : struct, ICount
    {
        Debug.Assert(TRows.Value is >= 1 and <= 14 && TRows.Value <= TLanes.MaxRows && k >= 0 && ldc >= 0);
        TVector s0 = TLanes.Zero, t0 = TLanes.Zero;
        TVector s1 = TLanes.Zero, t1 = TLanes.Zero;
        TVector s2 = TLanes.Zero, t2 = TLanes.Zero;
        TVector s3 = TLanes.Zero, t3 = TLanes.Zero;
        TVector s4 = TLanes.Zero, t4 = TLanes.Zero;
        TVector s5 = TLanes.Zero, t5 = TLanes.Zero;
        TVector s6 = TLanes.Zero, t6 = TLanes.Zero;
        TVector s7 = TLanes.Zero, t7 = TLanes.Zero;
        TVector s8 = TLanes.Zero, t8 = TLanes.Zero;
        TVector s9 = TLanes.Zero, t9 = TLanes.Zero;
        TVector s10 = TLanes.Zero, t10 = TLanes.Zero;
        TVector s11 = TLanes.Zero, t11 = TLanes.Zero;
        TVector s12 = TLanes.Zero, t12 = TLanes.Zero;
        TVector s13 = TLanes.Zero, t13 = TLanes.Zero;
        int w = TLanes.Width;
        if (resume)
        {
            if (TRows.Value > 0) { s0 = TLanes.Load(c); t0 = TLanes.Load(c + w); }
            if (TRows.Value > 1) { s1 = TLanes.Load(c + ldc); t1 = TLanes.Load(c + ldc + w); }
            if (TRows.Value > 2) { s2 = TLanes.Load(c + (2 * ldc)); t2 = TLanes.Load(c + (2 * ldc) + w); }
            if (TRows.Value > 3) { s3 = TLanes.Load(c + (3 * ldc)); t3 = TLanes.Load(c + (3 * ldc) + w); }
            if (TRows.Value > 4) { s4 = TLanes.Load(c + (4 * ldc)); t4 = TLanes.Load(c + (4 * ldc) + w); }
            if (TRows.Value > 5) { s5 = TLanes.Load(c + (5 * ldc)); t5 = TLanes.Load(c + (5 * ldc) + w); }
            if (TRows.Value > 6) { s6 = TLanes.Load(c + (6 * ldc)); t6 = TLanes.Load(c + (6 * ldc) + w); }
            if (TRows.Value > 7) { s7 = TLanes.Load(c + (7 * ldc)); t7 = TLanes.Load(c + (7 * ldc) + w); }
            if (TRows.Value > 8) { s8 = TLanes.Load(c + (8 * ldc)); t8 = TLanes.Load(c + (8 * ldc) + w); }
            if (TRows.Value > 9) { s9 = TLanes.Load(c + (9 * ldc)); t9 = TLanes.Load(c + (9 * ldc) + w); }
            if (TRows.Value > 10) { s10 = TLanes.Load(c + (10 * ldc)); t10 = TLanes.Load(c + (10 * ldc) + w); }
            if (TRows.Value > 11) { s11 = TLanes.Load(c + (11 * ldc)); t11 = TLanes.Load(c + (11 * ldc) + w); }
            if (TRows.Value > 12) { s12 = TLanes.Load(c + (12 * ldc)); t12 = TLanes.Load(c + (12 * ldc) + w); }
            if (TRows.Value > 13) { s13 = TLanes.Load(c + (13 * ldc)); t13 = TLanes.Load(c + (13 * ldc) + w); }
        }
        for (float* end = b + (k * PackedPanels.PanelRows); b < end; b += PackedPanels.PanelRows)
        {
            TVector u = TLanes.Load(b), v = TLanes.Load(b + w), x;
            TLanes.Prefetch(b + (Ahead * PackedPanels.PanelRows));
            TLanes.Prefetch(b + (Ahead * PackedPanels.PanelRows) + w);
            TLanes.Prefetch(a + (Ahead * lda));
            if (TRows.Value > 0) { x = TLanes.Broadcast(a[0]); s0 = TLanes.MultiplyAdd(x, u, s0); t0 = TLanes.MultiplyAdd(x, v, t0); }
            if (TRows.Value > 1) { x = TLanes.Broadcast(a[1]); s1 = TLanes.MultiplyAdd(x, u, s1); t1 = TLanes.MultiplyAdd(x, v, t1); }
            if (TRows.Value > 2) { x = TLanes.Broadcast(a[2]); s2 = TLanes.MultiplyAdd(x, u, s2); t2 = TLanes.MultiplyAdd(x, v, t2); }
            if (TRows.Value > 3) { x = TLanes.Broadcast(a[3]); s3 = TLanes.MultiplyAdd(x, u, s3); t3 = TLanes.MultiplyAdd(x, v, t3); }
            if (TRows.Value > 4) { x = TLanes.Broadcast(a[4]); s4 = TLanes.MultiplyAdd(x, u, s4); t4 = TLanes.MultiplyAdd(x, v, t4); }
            if (TRows.Value > 5) { x = TLanes.Broadcast(a[5]); s5 = TLanes.MultiplyAdd(x, u, s5); t5 = TLanes.MultiplyAdd(x, v, t5); }
            if (TRows.Value > 6) { x = TLanes.Broadcast(a[6]); s6 = TLanes.MultiplyAdd(x, u, s6); t6 = TLanes.MultiplyAdd(x, v, t6); }
            if (TRows.Value > 7) { x = TLanes.Broadcast(a[7]); s7 = TLanes.MultiplyAdd(x, u, s7); t7 = TLanes.MultiplyAdd(x, v, t7); }
            if (TRows.Value > 8) { x = TLanes.Broadcast(a[8]); s8 = TLanes.MultiplyAdd(x, u, s8); t8 = TLanes.MultiplyAdd(x, v, t8); }
            if (TRows.Value > 9) { x = TLanes.Broadcast(a[9]); s9 = TLanes.MultiplyAdd(x, u, s9); t9 = TLanes.MultiplyAdd(x, v, t9); }
            if (TRows.Value > 10) { x = TLanes.Broadcast(a[10]); s10 = TLanes.MultiplyAdd(x, u, s10); t10 = TLanes.MultiplyAdd(x, v, t10); }
            if (TRows.Value > 11) { x = TLanes.Broadcast(a[11]); s11 = TLanes.MultiplyAdd(x, u, s11); t11 = TLanes.MultiplyAdd(x, v, t11); }
            if (TRows.Value > 12) { x = TLanes.Broadcast(a[12]); s12 = TLanes.MultiplyAdd(x, u, s12); t12 = TLanes.MultiplyAdd(x, v, t12); }
            if (TRows.Value > 13) { x = TLanes.Broadcast(a[13]); s13 = TLanes.MultiplyAdd(x, u, s13); t13 = TLanes.MultiplyAdd(x, v, t13); }
            a += lda;
        }
        if (TRows.Value > 0) { TLanes.Store(s0, c); TLanes.Store(t0, c + w); }
        if (TRows.Value > 1) { TLanes.Store(s1, c + ldc); TLanes.Store(t1, c + ldc + w); }
        if (TRows.Value > 2) { TLanes.Store(s2, c + (2 * ldc)); TLanes.Store(t2, c + (2 * ldc) + w); }
        if (TRows.Value > 3) { TLanes.Store(s3, c + (3 * ldc)); TLanes.Store(t3, c + (3 * ldc) + w); }
        if (TRows.Value > 4) { TLanes.Store(s4, c + (4 * ldc)); TLanes.Store(t4, c + (4 * ldc) + w); }
        if (TRows.Value > 5) { TLanes.Store(s5, c + (5 * ldc)); TLanes.Store(t5, c + (5 * ldc) + w); }
        if (TRows.Value > 6) { TLanes.Store(s6, c + (6 * ldc)); TLanes.Store(t6, c + (6 * ldc) + w); }
        if (TRows.Value > 7) { TLanes.Store(s7, c + (7 * ldc)); TLanes.Store(t7, c + (7 * ldc) + w); }
        if (TRows.Value > 8) { TLanes.Store(s8, c + (8 * ldc)); TLanes.Store(t8, c + (8 * ldc) + w); }
        if (TRows.Value > 9) { TLanes.Store(s9, c + (9 * ldc)); TLanes.Store(t9, c + (9 * ldc) + w); }
        if (TRows.Value > 10) { TLanes.Store(s10, c + (10 * ldc)); TLanes.Store(t10, c + (10 * ldc) + w); }
        if (TRows.Value > 11) { TLanes.Store(s11, c + (11 * ldc)); TLanes.Store(t11, c + (11 * ldc) + w); }
        if (TRows.Value > 12) { TLanes.Store(s12, c + (12 * ldc)); TLanes.Store(t12, c + (12 * ldc) + w); }
        if (TRows.Value > 13) { TLanes.Store(s13, c + (13 * ldc)); TLanes.Store(t13, c + (13 * ldc) + w); }
    }

    /// <summary>One tile of <paramref name="rows"/> rows against one panel: all its 32 columns.</summary>
    internal static void TileByPanel<TLanes, TVector>(int rows, nint k, float* a, nint lda, float* b, float* c, nint ldc, bool resume)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        for (int j = 0; j < PackedPanels.PanelRows; j += 2 * TLanes.Width)
        {
            switch (rows)
            {
                case 1: Tile<TLanes, TVector, Count1>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 2: Tile<TLanes, TVector, Count2>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 3: Tile<TLanes, TVector, Count3>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 4: Tile<TLanes, TVector, Count4>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 5: Tile<TLanes, TVector, Count5>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 6: Tile<TLanes, TVector, Count6>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 7: Tile<TLanes, TVector, Count7>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 8: Tile<TLanes, TVector, Count8>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 9: Tile<TLanes, TVector, Count9>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 10: Tile<TLanes, TVector, Count10>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 11: Tile<TLanes, TVector, Count11>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 12: Tile<TLanes, TVector, Count12>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 13: Tile<TLanes, TVector, Count13>(k, a, lda, b + j, c + j, ldc, resume); break;
                case 14: Tile<TLanes, TVector, Count14>(k, a, lda, b + j, c + j, ldc, resume); break;
                default: Debug.Fail($"a tile of {rows} rows"); break;
            }
        }
    }
}
