using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>Products of queries and keys: every score is one chain of fused multiply-adds over the components, whatever the register tile.</summary>
internal static unsafe partial class FlashAttention
{
    /// <summary>Scores of all rows against the panels at <paramref name="start"/> that any of them sees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores<L, V>(in AttentionArgs args, in Tile tile, int start, float* panels)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int dim = args.HeadDim;
        for (int r = 0; r < tile.Rows;)
        {
            // Two or three rows are computed as four, the last one repeated: latency makes that no slower.
            int rows = Math.Min(4, tile.Rows - r);
            int begin = TileKeys;
            int end = 0;
            for (int i = r; i < r + rows; i++)
            {
                tile.Visible(i, start, out int rowBegin, out int rowEnd);
                if (rowBegin < rowEnd)
                {
                    begin = Math.Min(begin, rowBegin);
                    end = Math.Max(end, rowEnd);
                }
            }

            float* scores = tile.Weights + ((long)r * TileKeys);
            int panel = begin / 16;
            if (rows > 1)
            {
                if (typeof(L) == typeof(Sixteen512) && panel == 0 && end > 48)
                {
                    FourRowsFourPanels<L, V>(tile.Queries + r, panels, dim, scores);
                    panel = 4;
                }

                for (; panel * 16 < end; panel++)
                {
                    FourRows<L, V>(tile.Queries + r, panels + (panel * 16 * dim), dim, scores + (panel * 16));
                }
            }
            else
            {
                if (panel == 0 && end > 48)
                {
                    FourPanels<L, V>(tile.Queries[r], panels, dim, scores);
                    panel = 4;
                }

                for (; panel * 16 < end; panel++)
                {
                    OnePanel<L, V>(tile.Queries[r], panels + (panel * 16 * dim), dim, scores + (panel * 16));
                }
            }

            r += rows;
        }
    }

    /// <summary>Four queries, four panels: sixteen accumulators.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRowsFourPanels<L, V>(float** queries, float* panels, int dim, float* scores)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* q0 = queries[0];
        float* q1 = queries[1];
        float* q2 = queries[2];
        float* q3 = queries[3];
        float* k = panels;
        long step = (long)dim * 16;
        V s00 = L.Create(0f), s01 = s00, s02 = s00, s03 = s00;
        V s10 = s00, s11 = s00, s12 = s00, s13 = s00;
        V s20 = s00, s21 = s00, s22 = s00, s23 = s00;
        V s30 = s00, s31 = s00, s32 = s00, s33 = s00;
        for (int d = 0; d < dim; d++, k += 16)
        {
            V k0 = L.Load(k);
            V k1 = L.Load(k + step);
            V k2 = L.Load(k + (2 * step));
            V k3 = L.Load(k + (3 * step));
            V q = L.Create(q0[d]);
            s00 = L.Fma(q, k0, s00);
            s01 = L.Fma(q, k1, s01);
            s02 = L.Fma(q, k2, s02);
            s03 = L.Fma(q, k3, s03);
            q = L.Create(q1[d]);
            s10 = L.Fma(q, k0, s10);
            s11 = L.Fma(q, k1, s11);
            s12 = L.Fma(q, k2, s12);
            s13 = L.Fma(q, k3, s13);
            q = L.Create(q2[d]);
            s20 = L.Fma(q, k0, s20);
            s21 = L.Fma(q, k1, s21);
            s22 = L.Fma(q, k2, s22);
            s23 = L.Fma(q, k3, s23);
            q = L.Create(q3[d]);
            s30 = L.Fma(q, k0, s30);
            s31 = L.Fma(q, k1, s31);
            s32 = L.Fma(q, k2, s32);
            s33 = L.Fma(q, k3, s33);
        }

        StoreFour<L, V>(scores, s00, s01, s02, s03);
        StoreFour<L, V>(scores + TileKeys, s10, s11, s12, s13);
        StoreFour<L, V>(scores + (2 * TileKeys), s20, s21, s22, s23);
        StoreFour<L, V>(scores + (3 * TileKeys), s30, s31, s32, s33);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour<L, V>(float* target, V a, V b, V c, V d)
        where L : ISixteen<V>
        where V : unmanaged
    {
        L.Store(target, a);
        L.Store(target + 16, b);
        L.Store(target + 32, c);
        L.Store(target + 48, d);
    }

    /// <summary>Four queries, one panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<L, V>(float** queries, float* panel, int dim, float* scores)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* q0 = queries[0];
        float* q1 = queries[1];
        float* q2 = queries[2];
        float* q3 = queries[3];
        V s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0;
        for (int d = 0; d < dim; d++, panel += 16)
        {
            V k = L.Load(panel);
            s0 = L.Fma(L.Create(q0[d]), k, s0);
            s1 = L.Fma(L.Create(q1[d]), k, s1);
            s2 = L.Fma(L.Create(q2[d]), k, s2);
            s3 = L.Fma(L.Create(q3[d]), k, s3);
        }

        L.Store(scores, s0);
        L.Store(scores + TileKeys, s1);
        L.Store(scores + (2 * TileKeys), s2);
        L.Store(scores + (3 * TileKeys), s3);
    }

    /// <summary>One query, four panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourPanels<L, V>(float* query, float* panels, int dim, float* scores)
        where L : ISixteen<V>
        where V : unmanaged
    {
        long step = (long)dim * 16;
        V s0 = L.Create(0f), s1 = s0, s2 = s0, s3 = s0;
        for (int d = 0; d < dim; d++, panels += 16)
        {
            V q = L.Create(query[d]);
            s0 = L.Fma(q, L.Load(panels), s0);
            s1 = L.Fma(q, L.Load(panels + step), s1);
            s2 = L.Fma(q, L.Load(panels + (2 * step)), s2);
            s3 = L.Fma(q, L.Load(panels + (3 * step)), s3);
        }

        StoreFour<L, V>(scores, s0, s1, s2, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OnePanel<L, V>(float* query, float* panel, int dim, float* scores)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V s = L.Create(0f);
        for (int d = 0; d < dim; d++)
        {
            s = L.Fma(L.Create(query[d]), L.Load(panel + (d * 16)), s);
        }

        L.Store(scores, s);
    }
}
