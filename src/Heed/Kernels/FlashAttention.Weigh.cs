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
        int firstVector = begin / 16 * 16;
        float max = tile.Maxima[r];
        float tileMax = Mask<L, V>(args, weights, firstVector, begin, end);
        float newMax = tileMax > max ? tileMax : max;
        if (newMax == float.NegativeInfinity && AnyNaN(weights, begin, end))
        {
            newMax = float.NaN;
        }

        float* sums = tile.Sums + (r * 16);
        V sum = L.Load(sums);
        if (newMax > max)
        {
            float factor = VectorMath.Exp(max - newMax);
            sum = L.Multiply(sum, L.Create(factor));
            Rescale<L, V>(tile.Accumulators + ((long)r * tile.ValueWidth), tile.ValueWidth, factor);
        }

        tile.Maxima[r] = newMax;

        // Scores of nothing but -inf weigh nothing; subtracting -inf would make NaN of them.
        V maxima = L.Create(newMax == float.NegativeInfinity ? 0f : newMax);
        for (int i = firstVector; i < end; i += 16)
        {
            V p = VectorMath.Exp<L, V>(L.Subtract(L.Load(weights + i), maxima));
            L.Store(weights + i, p);
            sum = L.Add(sum, p);
        }

        L.Store(sums, sum);
    }

    /// <summary>Scales, caps and masks the scores, and returns the greatest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Mask<L, V>(in AttentionArgs args, float* scores, int firstVector, int begin, int end)
        where L : ISixteen<V>
        where V : unmanaged
    {
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

            if (i < begin || i + 16 > end)
            {
                s = L.KeepRange(s, begin - i, end - i, float.NegativeInfinity);
            }

            L.Store(scores + i, s);
            max = L.Max(max, s);
        }

        return L.MaxLane(max);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rescale<L, V>(float* row, int width, float factor)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V f = L.Create(factor);
        for (int i = 0; i < width; i += 16)
        {
            L.Store(row + i, L.Multiply(L.Load(row + i), f));
        }
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
