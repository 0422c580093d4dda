using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>Modified scores as the forward pass holds them, sixteen queries side by side.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Makes the products of rows r … r + 15 and keys from … to final scores; the result is the greatest of them and <paramref name="max"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V ModifyColumn<L, V>(in AttentionArgs args, in ScoreTile tile, float* scores, int from, int to, int r, V max)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V scale = L.Create(args.Scale), cap = L.Create(args.SoftCap), hidden = L.Create(float.NegativeInfinity);
        float* distances = tile.Distances == null ? null : tile.Distances + r + (TileKeys - 1);
        float* bias = tile.Bias == null || !tile.BiasPerQuery ? tile.Bias : tile.Bias + r;
        for (int key = from; key < to; key++)
        {
            V s = L.Multiply(L.Load(scores + (key * TileRows)), scale);
            if (args.SoftCap != 0f)
            {
                s = L.Multiply(VectorMath.Tanh<L, V>(L.Divide(s, cap)), cap);
            }

            if (distances != null)
            {
                s = AddBias<L, V>(s, L.Load(distances - key));
            }

            if (bias != null)
            {
                float* at = bias + (key * tile.BiasStep);
                s = AddBias<L, V>(s, tile.BiasPerQuery ? L.Load(at) : L.Create(*at));
            }

            if (tile.ColumnMasks != null)
            {
                s = L.SelectBits((uint)(tile.ColumnMasks[key] >> r), s, hidden);
            }

            if (tile.Least != null)
            {
                s = Choose<L, V>(s, L.Create((float)(tile.Start + key)), L.Load(tile.Least + r), L.Load(tile.LastTies + r));
            }

            L.Store(scores + (key * TileRows), s);
            max = L.Max(max, s);
        }

        return max;
    }

    /// <summary>The twin of <see cref="ScoreModifiers.Add"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V AddBias<L, V>(V score, V bias)
        where L : ISixteen<V>
        where V : unmanaged
        => L.SelectLess(bias, L.Create(float.MinValue), L.Create(float.NegativeInfinity), L.Add(score, bias));

    /// <summary>The twin of <see cref="ScoreModifiers.Choose"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Choose<L, V>(V score, V key, V least, V lastTie)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V hidden = L.Create(float.NegativeInfinity);
        V early = L.SelectLess(score, least, hidden, score), late = L.SelectLess(least, score, score, L.Add(score, hidden));
        return L.SelectLess(lastTie, key, late, early);
    }
}
