using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>What modifies scores over stored keys: biases by distance, and the choice of the greatest.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>The final scores of row r and sixteen keys from <paramref name="key"/> on, but for the row's interval.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ModifyStored<L, V>(in AttentionArgs args, in Tile tile, V s, int r, int key, bool chosen)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (args.Modifiers.Distances != null)
        {
            int count = args.Modifiers.DistanceCount, first = count - tile.Ends[r] + key;
            float* at = args.Modifiers.Distances + ((long)tile.HeadOf(r) * count) + first;
            s = AddBias<L, V>(s, count - first >= 16 ? L.Load(at) : L.LoadPart(at, Math.Max(0, count - first), 0f));
        }

        return chosen
            ? Choose<L, V>(s, L.Add(L.Load(tile.Lanes), L.Create((float)key)), L.Create(tile.Least[r]), L.Create(tile.LastTies[r]))
            : s;
    }

    /// <summary>Finds what each row of a tile keeps, which takes all of its scores.</summary>
    private static void ChooseStored<L, V>(in AttentionArgs args, in Tile tile)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int kept = Tile.Kept(args), room = (int)ScoreWork.Room(args);
        for (int r = 0; r < tile.Rows; r++)
        {
            tile.Tops[r] = new TopKeys(tile.TopScores + ((long)r * room), tile.TopPlaces + ((long)r * room), kept, room);
        }

        tile.BeginRuns(args);
        int end = tile.LastEnd;
        for (int start = tile.FirstBegin / TileKeys * TileKeys; start < end; start += TileKeys)
        {
            if (!tile.Meets(args, start))
            {
                continue;
            }

            Scores<L, V>(args, tile, start, KeyPanels<L, V>(args, tile, start, Math.Min(end, start + TileKeys)));
            for (int r = 0; r < tile.Rows; r++)
            {
                tile.Visible(r, start, out int first, out int last);
                if (first >= last)
                {
                    continue;
                }

                Mask<L, V>(args, tile, r, start, first / 16 * 16, first, last, chosen: false);
                float* scores = tile.Weights + ((long)r * TileKeys);
                int from = first / 16 * 16;
                tile.Tops[r].Offer<L, V>(scores + from, start + from, last - from);
            }
        }

        for (int r = 0; r < tile.Rows; r++)
        {
            (tile.Least[r], tile.LastTies[r]) = tile.Tops[r].Finish<L, V>();
        }
    }

    /// <summary>The scalar twin: the score of a visible pair before the choice.</summary>
    private static float StoredScore(in AttentionArgs args, int b, int h, int i, int j)
    {
        float score = ScalarScore(args, b, h, i, j);
        if (args.Modifiers.Distances == null)
        {
            return score;
        }

        int count = args.Modifiers.DistanceCount, limit = args.Limits[((long)b * args.Queries) + i];
        return ScoreModifiers.Add(score, args.Modifiers.Distances[((long)h * count) + count - 1 + j - limit]);
    }

    /// <summary>The scalar twin: the least score that a row keeps, and the last key with just that score.</summary>
    private static (float Least, float LastTie) StoredChoice(in AttentionArgs args, int b, int h, int i, int begin, int limit)
    {
        int kept = Tile.Kept(args);
        if (kept == 0)
        {
            return (float.NegativeInfinity, float.PositiveInfinity);
        }

        fixed (float* scores = new float[kept])
        fixed (int* keys = new int[kept])
        {
            TopHeap heap = new(scores, keys, kept);
            for (int j = begin; j <= limit; j++)
            {
                if (SeesStored(args, b, i, j))
                {
                    heap.Offer(StoredScore(args, b, h, i, j), j);
                }
            }

            return (heap.Least, heap.LastTie);
        }
    }
}
