namespace Heed.Kernels;

/// <content>The scalar twin of the training's forward pass: one row at a time, in the same order; masked keys are never touched.</content>
internal static unsafe partial class FlashAttention
{
    public static void ForwardScalar(in AttentionArgs args)
    {
        args.Check();
        for (int part = 0; part < args.Batch * args.KvHeads; part++)
        {
            ForwardScalar(args, part / args.KvHeads, part % args.KvHeads, 0, args.Queries);
        }
    }

    private static void ForwardScalar(in AttentionArgs args, int batch, int kvHead, int firstQuery, int endQuery)
    {
        int group = args.Heads / args.KvHeads;
        float[] acc = new float[args.ValueDim];
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
        {
            for (int i = firstQuery; i < endQuery; i++)
            {
                ForwardScalarRow(args, batch, head, i, acc);
            }
        }
    }

    private static void ForwardScalarRow(in AttentionArgs args, int b, int h, int i, Span<float> acc)
    {
        int limit = args.Limits[((long)b * args.Queries) + i], begin = args.FirstVisible(b, i, limit);
        uint rowKey = DropoutStream.RowKey(args.DropoutSeed, args.DropoutRow(b, h, i)), threshold = DropoutStream.Threshold(args.DropoutRate);
        Span<float> scores = stackalloc float[TileKeys];
        float max = float.NegativeInfinity, sum = 0f;
        acc.Clear();
        if (args.Modifiers.TopK > 0)
        {
            ScalarChoice(args, b, h, i);
        }

        for (int start = begin / TileKeys * TileKeys; start <= limit; start += TileKeys)
        {
            int first = Math.Max(start, begin), end = Math.Min(start + TileKeys, limit + 1);
            float old = max;
            ScalarScores(args, b, h, i, start, first, end, scores);
            for (int j = first; j < end; j++)
            {
                max = MathF.Max(max, scores[j - start]);
            }

            float used = max < float.MinValue ? 0f : max;
            float factor = VectorMath.Exp(old - used);
            sum *= factor;
            Multiply(acc, factor);
            for (int j = first; j < end; j++)
            {
                float p = VectorMath.Exp(scores[j - start] - used);
                sum += p;
                bool kept = (args.DropoutRate == 0f || DropoutStream.Draw(rowKey, (uint)j) >= threshold) && !float.IsNegativeInfinity(scores[j - start]);
                float* value = args.Value + (b * args.ValueBatchStride) + (h / (args.Heads / args.KvHeads) * args.ValueHeadStride) + (j * args.ValueStride);
                for (int d = 0; d < acc.Length && kept; d++)
                {
                    acc[d] = MathF.FusedMultiplyAdd(p, value[d], acc[d]);
                }
            }
        }

        bool seen = sum != 0f;
        float rescale = seen && args.Modifiers.Sinks != null ? AddSink(args.Modifiers.Sinks[h], ref max, ref sum) : 1f;
        float* target = args.Output + (b * args.OutputBatchStride) + (i * args.OutputStride) + (h * args.OutputHeadStride);
        for (int d = 0; d < acc.Length; d++)
        {
            target[d] = seen ? acc[d] * rescale / (sum * (1f - args.DropoutRate)) : 0f;
        }

        if (args.LogSumExp != null)
        {
            args.LogSumExp[((((long)b * args.Heads) + h) * args.Queries) + i] = seen ? Softmax.Join(max, sum) : float.NegativeInfinity;
        }
    }
}
