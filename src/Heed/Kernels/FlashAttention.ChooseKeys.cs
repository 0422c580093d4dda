using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>
/// A pass before the forward pass that finds what each row keeps of its scores: memory for k of them a row while it runs, two
/// numbers a row afterwards, by which the other passes make the same choice.
/// </content>
internal static unsafe partial class FlashAttention
{
    private static void ChooseKeys<TLanes, TVector, L, V>(in AttentionArgs args, in ForwardWork work, in QueryRows rows, int batch, int head)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        ScoreWork scoring = work.Scoring;
        new Span<float>(scoring.Least, TileRows).Fill(float.NegativeInfinity);
        new Span<float>(scoring.LastTies, TileRows).Fill(float.PositiveInfinity);
        if (MostKeys(rows) > args.Modifiers.TopK)
        {
            OfferKeys<TLanes, TVector, L, V>(args, work, rows, batch, head);
            for (int r = 0; r < rows.Count; r++)
            {
                if (rows.Ends[r] - rows.Begins[r] > args.Modifiers.TopK)
                {
                    scoring.Least[r] = scoring.Heaps[r].Least;
                    scoring.LastTies[r] = scoring.Heaps[r].LastTie;
                }
            }
        }

        float* least = ChoiceOf(args, batch, head, rows.Query);
        new Span<float>(scoring.Least, rows.Count).CopyTo(new(least, rows.Count));
        new Span<float>(scoring.LastTies, rows.Count).CopyTo(new(least + ChoicePlane(args), rows.Count));
    }

    private static int MostKeys(in QueryRows rows)
    {
        int most = 0;
        for (int r = 0; r < rows.Count; r++)
        {
            most = Math.Max(most, rows.Ends[r] - rows.Begins[r]);
        }

        return most;
    }

    private static void OfferKeys<TLanes, TVector, L, V>(in AttentionArgs args, in ForwardWork work, in QueryRows rows, int batch, int head)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        ScoreWork scoring = work.Scoring;
        int kept = Math.Min(args.Modifiers.TopK, args.KeyCapacity);
        for (int r = 0; r < rows.Count; r++)
        {
            scoring.Heaps[r] = new(scoring.HeapScores + ((long)r * kept), scoring.HeapKeys + ((long)r * kept), kept);
        }

        KeyTileWalk walk = new(args, rows, batch, head);
        while (walk.Next())
        {
            ScoreTile tile = ColumnTile(args, scoring, rows, batch, head, walk);
            (int from, int to) = tile.KeysOf(rows, 0, rows.Count);
            if (from >= to)
            {
                continue;
            }

            ColumnProducts<TLanes, TVector>(args.HeadDim, work, tile.Start, from, to, 0, rows.Count);
            for (int r = 0; r < rows.Count; r += 16)
            {
                ModifyColumn<L, V>(args, tile, work.Scores + r, from, to, r, L.Create(0f));
            }

            args.Counter?.Add((long)(to - from) * rows.Count * args.HeadDim, (long)(to - from) * args.HeadDim);
            TilePacking.Transpose(work.Scores + (from * TileRows), TileRows, to - from, rows.Count, scoring.Bias, TileKeys);
            for (int r = 0; r < rows.Count; r++)
            {
                OfferRow<L, V>(ref scoring.Heaps[r], scoring.Bias + (r * TileKeys), tile.Start + from, to - from);
            }
        }
    }

    /// <summary>Offers scores of neighbouring keys; most have no chance, which sixteen of them learn at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OfferRow<L, V>(ref TopHeap heap, float* scores, int key, int count)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V zero = L.Create(0f), one = L.Create(1f), most = L.Create(float.PositiveInfinity);
        for (int i = 0; i < count; i += 16)
        {
            // 1 where a score is greater than the least that is kept, +inf or NaN.
            V s = L.Load(scores + i), has = L.SelectLess(s, most, L.SelectLess(L.Create(heap.Least), s, one, zero), one);
            int end = L.MaxLane(has) == 0f ? i : Math.Min(i + 16, count);
            for (int j = i; j < end; j++)
            {
                heap.Offer(scores[j], key + j);
            }
        }
    }
}
