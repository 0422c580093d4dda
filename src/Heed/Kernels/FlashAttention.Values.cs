using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>Products of weights and values: every component is one chain of fused multiply-adds over the visible keys in ascending order.</summary>
internal static unsafe partial class FlashAttention
{
    /// <summary>Adds the values of one key tile, weighed, to all rows; values that a row does not see are not touched for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddValues<L, V>(in AttentionArgs args, in Tile tile, int start, float* values)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int slot = args.SlotOf(tile.Batch, start);
        for (int r = 0; r < tile.Rows;)
        {
            int rows = Math.Min(4, tile.Rows - r);
            if (tile.HasGaps(r, rows))
            {
                AddRuns<L, V>(args, tile, r, rows, slot, values);
                r += rows;
                continue;
            }

            if (rows == 1)
            {
                tile.Visible(r, start, out int begin, out int end);
                AddRow<L, V>(args, tile, r, begin, end, slot, values);
                r++;
                continue;
            }

            AddFourRows<L, V>(args, tile, r, rows, start, slot, values);
            r += rows;
        }
    }

    /// <summary>Keys that all rows (two to four, computed as four) see go through the wide kernel; those before and after, row by row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFourRows<L, V>(in AttentionArgs args, in Tile tile, int r, int rows, int start, int slot, float* values)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int begin = 0;
        int end = TileKeys;
        for (int i = r; i < r + rows; i++)
        {
            tile.Visible(i, start, out int rowBegin, out int rowEnd);
            begin = Math.Max(begin, rowBegin);
            end = Math.Min(end, rowEnd);
        }

        bool shared = begin < end;
        for (int i = r; i < r + rows; i++)
        {
            tile.Visible(i, start, out int rowBegin, out int rowEnd);
            AddRow<L, V>(args, tile, i, rowBegin, shared ? begin : rowEnd, slot, values);
        }

        if (!shared)
        {
            return;
        }

        float* acc = tile.Accumulators + ((long)r * tile.ValueWidth);
        float* weights = tile.Weights + ((long)r * TileKeys);
        int d = 0;
        if (typeof(L) == typeof(Sixteen512))
        {
            for (; d <= args.ValueDim - 64; d += 64)
            {
                FourRowsFourVectors<L, V>(weights, begin, end, values + d, tile.ValueStride, acc + d, tile.ValueWidth);
            }
        }

        for (; d < args.ValueDim; d += 16)
        {
            FourRowsOneVector<L, V>(
                weights, begin, end, WholeVectors(args, tile, slot, d), values + d, tile.ValueStride, args.ValueDim - d, acc + d, tile.ValueWidth);
        }

        for (int i = r; i < r + rows; i++)
        {
            tile.Visible(i, start, out _, out int rowEnd);
            AddRow<L, V>(args, tile, i, end, rowEnd, slot, values);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRowsFourVectors<L, V>(
        float* weights, int begin, int end, float* values, long stride, float* acc, int width)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* acc1 = acc + width;
        float* acc2 = acc1 + width;
        float* acc3 = acc2 + width;
        V s00 = L.Load(acc), s01 = L.Load(acc + 16), s02 = L.Load(acc + 32), s03 = L.Load(acc + 48);
        V s10 = L.Load(acc1), s11 = L.Load(acc1 + 16), s12 = L.Load(acc1 + 32), s13 = L.Load(acc1 + 48);
        V s20 = L.Load(acc2), s21 = L.Load(acc2 + 16), s22 = L.Load(acc2 + 32), s23 = L.Load(acc2 + 48);
        V s30 = L.Load(acc3), s31 = L.Load(acc3 + 16), s32 = L.Load(acc3 + 32), s33 = L.Load(acc3 + 48);
        float* value = values + (begin * stride);
        float* w = weights + begin;
        for (float* last = weights + end; w < last; w++, value += stride)
        {
            V v0 = L.Load(value);
            V v1 = L.Load(value + 16);
            V v2 = L.Load(value + 32);
            V v3 = L.Load(value + 48);
            V p = L.Create(w[0]);
            s00 = L.Fma(p, v0, s00);
            s01 = L.Fma(p, v1, s01);
            s02 = L.Fma(p, v2, s02);
            s03 = L.Fma(p, v3, s03);
            p = L.Create(w[TileKeys]);
            s10 = L.Fma(p, v0, s10);
            s11 = L.Fma(p, v1, s11);
            s12 = L.Fma(p, v2, s12);
            s13 = L.Fma(p, v3, s13);
            p = L.Create(w[2 * TileKeys]);
            s20 = L.Fma(p, v0, s20);
            s21 = L.Fma(p, v1, s21);
            s22 = L.Fma(p, v2, s22);
            s23 = L.Fma(p, v3, s23);
            p = L.Create(w[3 * TileKeys]);
            s30 = L.Fma(p, v0, s30);
            s31 = L.Fma(p, v1, s31);
            s32 = L.Fma(p, v2, s32);
            s33 = L.Fma(p, v3, s33);
        }

        StoreFour<L, V>(acc, s00, s01, s02, s03);
        StoreFour<L, V>(acc1, s10, s11, s12, s13);
        StoreFour<L, V>(acc2, s20, s21, s22, s23);
        StoreFour<L, V>(acc3, s30, s31, s32, s33);
    }

    /// <summary>Four rows, sixteen components, of which only <paramref name="rest"/> exist where that is less; keys before <paramref name="whole"/> are read as whole vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRowsOneVector<L, V>(
        float* weights, int begin, int end, int whole, float* values, long stride, int rest, float* acc, int width)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V s0 = L.Load(acc), s1 = L.Load(acc + width), s2 = L.Load(acc + (2 * width)), s3 = L.Load(acc + (3 * width));
        float* value = values + (begin * stride);
        float* w = weights + begin;
        float* last = weights + end;
        for (float* lastWhole = weights + Math.Min(end, whole); w < lastWhole; w++, value += stride)
        {
            V v = L.Load(value);
            s0 = L.Fma(L.Create(w[0]), v, s0);
            s1 = L.Fma(L.Create(w[TileKeys]), v, s1);
            s2 = L.Fma(L.Create(w[2 * TileKeys]), v, s2);
            s3 = L.Fma(L.Create(w[3 * TileKeys]), v, s3);
        }

        for (; w < last; w++, value += stride)
        {
            V v = L.LoadPart(value, rest, 0f);
            s0 = L.Fma(L.Create(w[0]), v, s0);
            s1 = L.Fma(L.Create(w[TileKeys]), v, s1);
            s2 = L.Fma(L.Create(w[2 * TileKeys]), v, s2);
            s3 = L.Fma(L.Create(w[3 * TileKeys]), v, s3);
        }

        L.Store(acc, s0);
        L.Store(acc + width, s1);
        L.Store(acc + (2 * width), s2);
        L.Store(acc + (3 * width), s3);
    }

    /// <summary>
    /// The key of the tile at <paramref name="slot"/> before which a vector may be read at component <paramref name="d"/>
    /// although fewer are left: it reaches into later slots, and what it finds there stays in lanes that are never stored.
    /// </summary>
    private static int WholeVectors(in AttentionArgs args, in Tile tile, int slot, int d)
    {
        int missing = 16 - (args.ValueDim - d);
        long slots = missing <= 0 ? 0 : (missing + tile.ValueStride - 1) / tile.ValueStride;
        return (int)Math.Clamp(args.Slots - slots - slot, 0, TileKeys);
    }

    /// <summary>One row, keys from begin up to end of the tile at <paramref name="slot"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRow<L, V>(in AttentionArgs args, in Tile tile, int r, int begin, int end, int slot, float* values)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (begin >= end)
        {
            return;
        }

        float* acc = tile.Accumulators + ((long)r * tile.ValueWidth);
        float* weights = tile.Weights + ((long)r * TileKeys);
        int d = 0;
        for (; d <= args.ValueDim - 64; d += 64)
        {
            OneRowFourVectors<L, V>(weights, begin, end, values + d, tile.ValueStride, acc + d);
        }

        for (; d < args.ValueDim; d += 16)
        {
            OneRowOneVector<L, V>(
                weights, begin, end, WholeVectors(args, tile, slot, d), values + d, tile.ValueStride, args.ValueDim - d, acc + d);
        }
    }

    // Kept apart from their caller, whose calls would have the accumulators spilled.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRowFourVectors<L, V>(float* weights, int begin, int end, float* values, long stride, float* acc)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V s0 = L.Load(acc), s1 = L.Load(acc + 16), s2 = L.Load(acc + 32), s3 = L.Load(acc + 48);
        float* value = values + (begin * stride);
        float* last = weights + end;
        for (float* w = weights + begin; w < last; w++, value += stride)
        {
            V p = L.Create(*w);
            s0 = L.Fma(p, L.Load(value), s0);
            s1 = L.Fma(p, L.Load(value + 16), s1);
            s2 = L.Fma(p, L.Load(value + 32), s2);
            s3 = L.Fma(p, L.Load(value + 48), s3);
        }

        StoreFour<L, V>(acc, s0, s1, s2, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRowOneVector<L, V>(
        float* weights, int begin, int end, int whole, float* values, long stride, int rest, float* acc)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V s = L.Load(acc);
        float* value = values + (begin * stride);
        float* w = weights + begin;
        for (float* lastWhole = weights + Math.Min(end, whole); w < lastWhole; w++, value += stride)
        {
            s = L.Fma(L.Create(*w), L.Load(value), s);
        }

        for (float* last = weights + end; w < last; w++, value += stride)
        {
            s = L.Fma(L.Create(*w), L.LoadPart(value, rest, 0f), s);
        }

        L.Store(acc, s);
    }
}
