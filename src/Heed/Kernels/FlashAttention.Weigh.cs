using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>The running softmax.</summary>
internal static unsafe partial class FlashAttention
{
    /// <summary>Turns row <paramref name="r"/>'s scores of one key tile into weights, and rescales what it has gathered when its maximum grows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh<L, V>(in AttentionArgs args, in Tile tile, int r, int start)
        where L : ISixteen<V>
        where V : unmanaged
    {
        tile.Visible(r, start, out int begin, out int end);
        if (begin >= end)
        {
            return;
        }

        float* weights = tile.Weights + ((long)r * TileKeys);
        if (begin == 0 && end == TileKeys && args.SoftCap == 0f && !args.Modifiers.Everywhere && !tile.HasGaps(r, 1))
        {
            WeighFull<L, V>(args, tile, r, weights);
            return;
        }

        int firstVector = begin / 16 * 16;
        float tileMax = Mask<L, V>(args, tile, r, start, firstVector, begin, end, chosen: args.Modifiers.TopK > 0);
        float max = Raise<L, V>(tile, r, tileMax, begin, end);
        V sum = L.Load(tile.Sums + (r * 16));
        V maxima = L.Create(max);
        for (int i = firstVector; i < end; i += 16)
        {
            V p = VectorMath.Exp<L, V>(L.Subtract(L.Load(weights + i), maxima));
            L.Store(weights + i, p);
            sum = L.Add(sum, p);
        }

        L.Store(tile.Sums + (r * 16), sum);
    }

    /// <summary>The same for sixty-four visible keys without a cap, all in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeighFull<L, V>(in AttentionArgs args, in Tile tile, int r, float* weights)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V scale = L.Create(args.Scale);
        V s0 = L.Multiply(L.Load(weights), scale);
        V s1 = L.Multiply(L.Load(weights + 16), scale);
        V s2 = L.Multiply(L.Load(weights + 32), scale);
        V s3 = L.Multiply(L.Load(weights + 48), scale);
        float tileMax = L.MaxLane(L.Max(L.Max(s0, s1), L.Max(s2, s3)));
        if (!(tileMax > float.NegativeInfinity))
        {
            StoreFour<L, V>(weights, s0, s1, s2, s3); // where Raise looks for NaN
        }

        V max = L.Create(Raise<L, V>(tile, r, tileMax, 0, TileKeys));
        s0 = VectorMath.Exp<L, V>(L.Subtract(s0, max));
        s1 = VectorMath.Exp<L, V>(L.Subtract(s1, max));
        s2 = VectorMath.Exp<L, V>(L.Subtract(s2, max));
        s3 = VectorMath.Exp<L, V>(L.Subtract(s3, max));
        StoreFour<L, V>(weights, s0, s1, s2, s3);
        V sum = L.Load(tile.Sums + (r * 16));
        L.Store(tile.Sums + (r * 16), L.Add(L.Add(L.Add(L.Add(sum, s0), s1), s2), s3));
    }

    /// <summary>Raises row <paramref name="r"/>'s maximum to the tile's, rescales what the row has gathered, and returns what to subtract from scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Raise<L, V>(in Tile tile, int r, float tileMax, int begin, int end)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float max = tile.Maxima[r];
        if (tileMax > max)
        {
            RaiseTo<L, V>(tile, r, tileMax);
            return tileMax;
        }

        if (max != float.NegativeInfinity)
        {
            return max;
        }

        // Scores of nothing but -inf weigh nothing; subtracting -inf would make NaN of them.
        if (AnyNaN(tile.Weights + ((long)r * TileKeys), begin, end))
        {
            tile.Maxima[r] = float.NaN;
        }

        return 0f;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RaiseTo<L, V>(in Tile tile, int r, float newMax)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float old = tile.Maxima[r];
        tile.Maxima[r] = newMax;
        if (old == float.NegativeInfinity)
        {
            return; // nothing gathered yet but zeros
        }

        V factor = L.Create(VectorMath.Exp(old - newMax));
        float* sums = tile.Sums + (r * 16);
        L.Store(sums, L.Multiply(L.Load(sums), factor));
        float* row = tile.Accumulators + ((long)r * tile.ValueWidth);
        for (int i = 0; i < tile.ValueWidth; i += 16)
        {
            L.Store(row + i, L.Multiply(L.Load(row + i), factor));
        }
    }

    /// <summary>Scales, caps, modifies and masks row r's scores of the key tile at start, and returns the greatest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Mask<L, V>(in AttentionArgs args, in Tile tile, int r, int start, int firstVector, int begin, int end, bool chosen)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* scores = tile.Weights + ((long)r * TileKeys);
        V scale = L.Create(args.Scale);
        V cap = L.Create(args.SoftCap);
        V max = L.Create(float.NegativeInfinity);
        for (int i = firstVector; i < end; i += 16)
        {
            V s = L.Multiply(L.Load(scores + i), scale);
            if (args.SoftCap != 0f)
            {
                s = L.Multiply(VectorMath.Tanh<L, V>(L.Divide(s, cap)), cap);
            }

            s = ModifyStored<L, V>(args, tile, s, r, start + i, chosen);
            if (tile.Seen != null)
            {
                s = L.SelectBits((uint)(tile.Seen[r] >> i) & 0xFFFF, s, L.Create(float.NegativeInfinity));
            }

            if (i < begin || i + 16 > end)
            {
                s = L.KeepRange(s, begin - i, end - i, float.NegativeInfinity);
            }

            L.Store(scores + i, s);
            max = L.Max(max, s);
        }

        return L.MaxLane(max);
    }

    private static bool AnyNaN(float* scores, int begin, int end)
    {
        for (int i = begin; i < end; i++)
        {
            if (float.IsNaN(scores[i]))
            {
                return true;
            }
        }

        return false;
    }
}
