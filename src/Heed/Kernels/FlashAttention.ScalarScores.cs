namespace Heed.Kernels;

/// <content>The scalar twins of modified scores.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>The score of a visible pair before the choice.</summary>
    private static float ModifiedScore(in AttentionArgs args, int b, int h, int i, int j)
    {
        ScoreModifiers modifiers = args.Modifiers;
        float score = ScalarScore(args, b, h, i, j);
        if (modifiers.Distances != null)
        {
            score = ScoreModifiers.Add(score, modifiers.Distances[((long)h * (args.Queries + args.KeyCapacity - 1)) + DistanceIndex(args, i, j)]);
        }

        return modifiers.Bias == null ? score : ScoreModifiers.Add(score, BiasRow(modifiers, b, h, i)[j]);
    }

    private static int DistanceIndex(in AttentionArgs args, int query, int key) => key - query + args.Queries - 1;

    /// <summary>The final scores of keys first … end of the tile at start, -inf where one is hidden.</summary>
    private static void ScalarScores(in AttentionArgs args, int b, int h, int i, int start, int first, int end, Span<float> scores)
    {
        float* choice = args.Modifiers.TopK == 0 ? null : ChoiceOf(args, b, h, i);
        ulong seen = args.Modifiers.Seen(b, h, i, start);
        for (int j = first; j < end; j++)
        {
            float score = float.NegativeInfinity;
            if (((seen >> (j - start)) & 1) != 0)
            {
                score = ModifiedScore(args, b, h, i, j);
                score = choice == null ? score : ScoreModifiers.Choose(score, j, choice[0], choice[ChoicePlane(args)]);
            }

            scores[j - start] = score;
        }
    }

    private static void ScalarChoice(in AttentionArgs args, int b, int h, int i)
    {
        int limit = args.Limits[((long)b * args.Queries) + i], begin = args.FirstVisible(b, i, limit);
        float* choice = ChoiceOf(args, b, h, i);
        (choice[0], choice[ChoicePlane(args)]) = (float.NegativeInfinity, float.PositiveInfinity);
        int kept = Math.Min(args.Modifiers.TopK, args.KeyCapacity);
        if (limit + 1 - begin <= kept)
        {
            return;
        }

        float[] scores = new float[kept];
        int[] keys = new int[kept];
        fixed (float* toScores = scores)
        fixed (int* toKeys = keys)
        {
            TopHeap heap = new(toScores, toKeys, kept);
            for (int j = begin; j <= limit; j++)
            {
                if (((args.Modifiers.Seen(b, h, i, j / TileKeys * TileKeys) >> (j % TileKeys)) & 1) != 0)
                {
                    heap.Offer(ModifiedScore(args, b, h, i, j), j);
                }
            }

            (choice[0], choice[ChoicePlane(args)]) = (heap.Least, heap.LastTie);
        }
    }
}
