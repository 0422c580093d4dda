namespace Heed.Kernels;

/// <content>
/// A pass before the forward pass that finds what each row keeps of its scores: memory for 2·k + 64 of them a row while it runs, two
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
                    (scoring.Least[r], scoring.LastTies[r]) = scoring.Tops[r].Finish<L, V>();
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
        int kept = Math.Min(args.Modifiers.TopK, args.KeyCapacity), room = (int)ScoreWork.Room(args);
        for (int r = 0; r < rows.Count; r++)
        {
            scoring.Tops[r] = new(scoring.TopScores + ((long)r * room), scoring.TopPlaces + ((long)r * room), kept, room);
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
                scoring.Tops[r].Offer<L, V>(scoring.Bias + (r * TileKeys), tile.Start + from, to - from);
            }
        }
    }
}
