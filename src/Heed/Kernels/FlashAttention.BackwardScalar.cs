namespace Heed.Kernels;

/// <content>The scalar twin of the backward pass: one (query, key) pair at a time, in the same order; masked pairs are never touched.</content>
internal static unsafe partial class FlashAttention
{
    public static void BackwardScalar(in AttentionGradientArgs args)
    {
        args.Forward.Check();
        ClearBias(args);
        BackwardPlan plan = new(args);
        float[] partials = new float[1 + plan.PartialFloats(args)];
        fixed (float* memory = partials)
        {
            for (int unit = 0; unit < plan.Units; unit++)
            {
                for (int run = 0; run < plan.Runs; run++)
                {
                    BackwardScalar(args, plan.Part(args, unit, run, memory));
                }
            }

            SumPartials(args, plan.Shares, memory);
        }
    }

    private static void BackwardScalar(in AttentionGradientArgs args, in BackwardPart part)
    {
        AttentionArgs forward = args.Forward;
        int group = forward.Heads / forward.KvHeads, tiles = TilesOf(forward.KeyCapacity);
        ClearKeyGradients(args, part);
        part.ClearDistances(forward);
        for (int head = part.KvHead * group; head < (part.KvHead + 1) * group; head++)
        {
            for (int i = 0; i < forward.Queries; i++)
            {
                new Span<float>(part.Target(args, head, i), forward.HeadDim).Clear();
                float delta = ScalarDelta(args, part.Batch, head, i);
                for (int tile = part.Share; tile < tiles; tile += part.Shares)
                {
                    ScalarPairs(args, part, head, i, tile * TileKeys, delta);
                }
            }
        }
    }

    private static void ClearKeyGradients(in AttentionGradientArgs args, in BackwardPart part)
    {
        for (int key = 0; key < args.Forward.KeyCapacity; key++)
        {
            if (key / TileKeys % part.Shares == part.Share)
            {
                new Span<float>(KeyGradient(args, part, key), args.Forward.HeadDim).Clear();
                new Span<float>(ValueGradient(args, part, key), args.Forward.ValueDim).Clear();
            }
        }
    }

    private static float* KeyGradient(in AttentionGradientArgs args, in BackwardPart part, int key)
        => args.KeyGradient + (part.Batch * args.KeyGradientBatchStride) + (part.KvHead * args.KeyGradientHeadStride) + (key * args.KeyGradientStride);

    private static float* ValueGradient(in AttentionGradientArgs args, in BackwardPart part, int key)
        => args.ValueGradient + (part.Batch * args.ValueGradientBatchStride) + (part.KvHead * args.ValueGradientHeadStride) + (key * args.ValueGradientStride);

    private static float ScalarDelta(in AttentionGradientArgs args, int b, int h, int i)
    {
        Span<float> lanes = stackalloc float[16];
        lanes.Clear();
        long at = (b * args.Forward.OutputBatchStride) + (i * args.Forward.OutputStride) + (h * args.Forward.OutputHeadStride);
        for (int d = 0; d < args.Forward.ValueDim; d++)
        {
            lanes[d % 16] = MathF.FusedMultiplyAdd(args.OutputGradient[at + d], args.Forward.Output[at + d], lanes[d % 16]);
        }

        return VectorMath.SumLanes(lanes);
    }

    /// <summary>What the visible keys of one tile get from one query, and give to it.</summary>
    private static void ScalarPairs(in AttentionGradientArgs args, in BackwardPart part, int h, int i, int start, float delta)
    {
        AttentionArgs forward = args.Forward;
        long row = ((((long)part.Batch * forward.Heads) + h) * forward.Queries) + i;
        int limit = forward.Limits[((long)part.Batch * forward.Queries) + i], begin = forward.FirstVisible(part.Batch, i, limit);
        uint rowKey = DropoutStream.RowKey(forward.DropoutSeed, forward.DropoutRow(part.Batch, h, i)), threshold = DropoutStream.Threshold(forward.DropoutRate);
        float lse = forward.LogSumExp[row];
        if (float.IsNegativeInfinity(lse))
        {
            return;
        }

        int first = Math.Max(start, begin), end = Math.Min(start + TileKeys, limit + 1);
        Span<float> scores = stackalloc float[TileKeys];
        ScalarScores(forward, part.Batch, h, i, start, first, end, scores);
        SlopeTargets targets = SlopeTargets.Of(args, part, h, i, start);
        float* query = forward.Query + (part.Batch * forward.QueryBatchStride) + (i * forward.QueryStride) + (h * forward.QueryHeadStride);
        float* output = args.OutputGradient + (part.Batch * forward.OutputBatchStride) + (i * forward.OutputStride) + (h * forward.OutputHeadStride);
        for (int j = first; j < end; j++)
        {
            if (float.IsNegativeInfinity(scores[j - start]))
            {
                continue;
            }

            float* key = forward.Key + (part.Batch * forward.KeyBatchStride) + (part.KvHead * forward.KeyHeadStride) + (j * forward.KeyStride);
            float* value = forward.Value + (part.Batch * forward.ValueBatchStride) + (part.KvHead * forward.ValueHeadStride) + (j * forward.ValueStride);
            float s = Dot(query, key, forward.HeadDim) * forward.Scale, dp = Dot(output, value, forward.ValueDim), slope = forward.Scale;
            if (forward.SoftCap != 0f)
            {
                float t = VectorMath.Tanh(s / forward.SoftCap);
                slope = (1f - (t * t)) * forward.Scale;
            }

            float p = VectorMath.Exp(scores[j - start] - lse), kept = p;
            if (forward.DropoutRate != 0f)
            {
                bool keeps = DropoutStream.Draw(rowKey, (uint)j) >= threshold;
                float inverse = 1f / (1f - forward.DropoutRate);
                kept = keeps ? p * inverse : 0f;
                dp = keeps ? dp * inverse : 0f;
            }

            float ds = (dp - delta) * p;
            if (targets.Distances != null)
            {
                targets.Distances[DistanceIndex(forward, i, j)] += ds;
            }

            if (targets.Bias != null)
            {
                targets.Bias[j - start] += ds;
            }

            ds *= slope;
            AddScaled(ValueGradient(args, part, j), kept, output, forward.ValueDim);
            AddScaled(KeyGradient(args, part, j), ds, query, forward.HeadDim);
            AddScaled(part.Target(args, h, i), ds, key, forward.HeadDim);
        }
    }

    private static float Dot(float* a, float* b, int count)
    {
        float sum = 0f;
        for (int d = 0; d < count; d++)
        {
            sum = MathF.FusedMultiplyAdd(a[d], b[d], sum);
        }

        return sum;
    }

    private static void AddScaled(float* target, float factor, float* source, int count)
    {
        for (int d = 0; d < count; d++)
        {
            target[d] = MathF.FusedMultiplyAdd(factor, source[d], target[d]);
        }
    }
}
