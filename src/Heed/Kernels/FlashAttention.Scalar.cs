namespace Heed.Kernels;

/// <summary>The scalar twin: one row at a time, in the same order.</summary>
internal static unsafe partial class FlashAttention
{
    public static void RunScalar(in AttentionArgs args)
    {
        args.Check();
        for (int b = 0; b < args.Batch; b++)
        {
            for (int h = 0; h < args.Heads; h++)
            {
                for (int i = 0; i < args.Queries; i++)
                {
                    ScalarRow(args, b, h, i);
                }
            }
        }
    }

    private static void ScalarRow(in AttentionArgs args, int b, int h, int i)
    {
        int limit = args.Limits[((long)b * args.Queries) + i];
        int begin = args.FirstVisible(b, i, limit);
        Span<float> acc = new float[args.ValueDim];
        Span<float> weights = stackalloc float[TileKeys];
        Span<float> sums = stackalloc float[16];
        sums.Clear();
        float max = float.NegativeInfinity;
        (float least, float lastTie) = StoredChoice(args, b, h, i, begin, limit);
        for (int start = begin / TileKeys * TileKeys; start <= limit; start += TileKeys)
        {
            int first = Math.Max(start, begin);
            int end = Math.Min(start + TileKeys, limit + 1);
            float newMax = max;
            for (int j = first; j < end; j++)
            {
                weights[j - start] = SeesStored(args, b, i, j)
                    ? ScoreModifiers.Choose(StoredScore(args, b, h, i, j), j, least, lastTie)
                    : float.NegativeInfinity;
                newMax = MathF.Max(newMax, weights[j - start]);
            }

            if (newMax > max)
            {
                float factor = VectorMath.Exp(max - newMax);
                Multiply(sums, factor);
                Multiply(acc, factor);
            }

            max = newMax;
            for (int j = first; j < end; j++)
            {
                float p = VectorMath.Exp(weights[j - start] - (max == float.NegativeInfinity ? 0f : max));
                sums[j % 16] += p;
                if (!SeesStored(args, b, i, j))
                {
                    continue;
                }

                float* value = args.Value + (b * args.ValueBatchStride) + (h / (args.Heads / args.KvHeads) * args.ValueHeadStride) + (args.SlotOf(b, j) * args.ValueStride);
                for (int d = 0; d < acc.Length; d++)
                {
                    acc[d] = MathF.FusedMultiplyAdd(p, KvWidening.Value(args.Layout, value, d), acc[d]);
                }
            }
        }

        float sum = VectorMath.SumLanes(sums);
        float rescale = sum != 0f && args.Modifiers.Sinks != null ? AddSink(args.Modifiers.Sinks[h], ref max, ref sum) : 1f;
        float* target = args.Output + (b * args.OutputBatchStride) + (i * args.OutputStride) + (h * args.OutputHeadStride);
        for (int d = 0; d < acc.Length; d++)
        {
            target[d] = sum == 0f ? 0f : acc[d] * rescale / sum;
        }

        if (args.LogSumExp != null)
        {
            args.LogSumExp[((((long)b * args.Heads) + h) * args.Queries) + i] =
                sum == 0f ? float.NegativeInfinity : Softmax.Join(max, sum);
        }
    }

    private static float ScalarScore(in AttentionArgs args, int b, int h, int i, int j)
    {
        float* query = args.Query + (b * args.QueryBatchStride) + (i * args.QueryStride) + (h * args.QueryHeadStride);
        float* keys = args.Key + (b * args.KeyBatchStride) + (h / (args.Heads / args.KvHeads) * args.KeyHeadStride);
        bool panels = args.KeyStride == 0;
        int slot = args.SlotOf(b, j);
        float score = 0f;
        for (int d = 0; d < args.HeadDim; d++)
        {
            score = MathF.FusedMultiplyAdd(query[d], panels ? KvWidening.Key(args.Layout, keys, slot, d) : keys[(slot * args.KeyStride) + d], score);
        }

        score *= args.Scale;
        return args.SoftCap == 0f ? score : VectorMath.Tanh(score / args.SoftCap) * args.SoftCap;
    }

    private static void Multiply(Span<float> x, float factor)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] *= factor;
        }
    }
}
