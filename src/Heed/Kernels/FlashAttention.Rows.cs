namespace Heed.Kernels;

/// <content>Training attention over plain rows, with every bound checked.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Attention over rows of q, k and v, into a contiguous output [batch, queries, heads, valueDim] and logSumExp [batch, heads, queries].</summary>
    public static void OverRows(in AttentionShape shape, HeadRows q, HeadRows k, HeadRows v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        Span<float> output, Span<float> logSumExp, WorkerPool pool, AttentionCounter? counter = null, ScoreSpans scores = default)
    {
        CheckRows(shape, q, k, v, limits, firsts, output.Length, logSumExp.Length);
        ScoreModifiers modifiers = scores.Describe(shape);
        fixed (float* query = q.Floats, key = k.Floats, value = v.Floats, to = output, lse = logSumExp)
        fixed (float* distances = scores.Distances, bias = scores.Bias, sinks = scores.Sinks, choice = scores.Choice)
        fixed (int* limit = limits, first = firsts)
        {
            AttentionArgs args = RowArgs(shape, q, k, v) with
            {
                Query = query,
                Key = key,
                Value = value,
                Output = to,
                LogSumExp = lse,
                Limits = limit,
                Firsts = first,
                Counter = counter,
                Modifiers = modifiers with { Distances = distances, Bias = bias, Sinks = sinks, Choice = choice },
            };
            Forward(args, pool);
        }
    }

    /// <summary>Overwrites dq, dk and dv with the gradients; output and logSumExp are what <see cref="OverRows"/> gave.</summary>
    public static void OverRowsBackward(in AttentionShape shape, HeadRows q, HeadRows k, HeadRows v, ReadOnlySpan<float> output,
        ReadOnlySpan<float> outputGradient, ReadOnlySpan<float> logSumExp, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        HeadRows dq, HeadRows dk, HeadRows dv, WorkerPool pool, AttentionCounter? counter = null, ScoreSpans scores = default, ScoreSpans gradients = default)
    {
        CheckRows(shape, q, k, v, limits, firsts, output.Length, logSumExp.Length);
        CheckRows(shape, dq, dk, dv, limits, firsts, outputGradient.Length, logSumExp.Length);
        ScoreModifiers modifiers = scores.Describe(shape);
        CheckGradient("biases by distance", gradients.Distances.Length, scores.Distances.Length);
        CheckGradient("bias", gradients.Bias.Length, scores.Bias.Length);
        CheckGradient("sinks", gradients.Sinks.Length, scores.Sinks.Length);
        fixed (float* query = q.Floats, key = k.Floats, value = v.Floats, to = output, gradient = outputGradient, lse = logSumExp)
        fixed (float* toQuery = dq.Floats, toKey = dk.Floats, toValue = dv.Floats)
        fixed (float* distances = scores.Distances, bias = scores.Bias, sinks = scores.Sinks, choice = scores.Choice)
        fixed (float* toDistances = gradients.Distances, toBias = gradients.Bias, toSinks = gradients.Sinks)
        fixed (int* limit = limits, first = firsts)
        {
            AttentionArgs args = RowArgs(shape, q, k, v) with
            {
                Query = query,
                Key = key,
                Value = value,
                Output = to,
                LogSumExp = lse,
                Limits = limit,
                Firsts = first,
                Counter = counter,
                Modifiers = modifiers with { Distances = distances, Bias = bias, Sinks = sinks, Choice = choice },
            };
            AttentionGradientArgs backward = new()
            {
                Forward = args,
                OutputGradient = gradient,
                QueryGradient = toQuery,
                QueryGradientBatchStride = dq.BatchStride,
                QueryGradientStride = dq.RowStride,
                QueryGradientHeadStride = dq.HeadStride,
                KeyGradient = toKey,
                KeyGradientBatchStride = dk.BatchStride,
                KeyGradientStride = dk.RowStride,
                KeyGradientHeadStride = dk.HeadStride,
                ValueGradient = toValue,
                ValueGradientBatchStride = dv.BatchStride,
                ValueGradientStride = dv.RowStride,
                ValueGradientHeadStride = dv.HeadStride,
                BiasGradient = toBias,
                BiasFloats = gradients.Bias.Length,
                DistanceGradient = toDistances,
                SinkGradient = toSinks,
            };
            Backward(backward, pool);
        }
    }

    private static void CheckGradient(string what, int got, int expected)
    {
        if (got != 0 && got != expected)
        {
            throw new ArgumentException($"Attention: {got} floats for the gradient of the {what}; need {expected}.");
        }
    }

    private static void CheckRows(in AttentionShape shape, HeadRows q, HeadRows k, HeadRows v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        int outputFloats, int logSumExpFloats)
    {
        q.Check("q", shape.Batch, shape.Queries, shape.Heads, shape.HeadDim);
        k.Check("k", shape.Batch, shape.KeyCapacity, shape.KvHeads, shape.HeadDim);
        v.Check("v", shape.Batch, shape.KeyCapacity, shape.KvHeads, shape.ValueDim);
        long rows = (long)shape.Batch * shape.Queries;
        if (limits.Length != rows || (!firsts.IsEmpty && firsts.Length != rows)
            || outputFloats != rows * shape.Heads * shape.ValueDim || logSumExpFloats != rows * shape.Heads)
        {
            throw new ArgumentException(
                $"Attention: {limits.Length} limits, {firsts.Length} firsts, {outputFloats} floats of output and {logSumExpFloats} of logsumexp do not fit {shape}.");
        }
    }

    private static AttentionArgs RowArgs(in AttentionShape shape, HeadRows q, HeadRows k, HeadRows v) => SizesOf(shape) with
    {
        QueryBatchStride = q.BatchStride,
        QueryStride = q.RowStride,
        QueryHeadStride = q.HeadStride,
        KeyBatchStride = k.BatchStride,
        KeyStride = Math.Max(1, k.RowStride),
        KeyHeadStride = k.HeadStride,
        ValueBatchStride = v.BatchStride,
        ValueStride = Math.Max(1, v.RowStride),
        ValueHeadStride = v.HeadStride,
        DropoutRate = shape.DropoutRate,
        DropoutSeed = shape.DropoutSeed,
        DropoutHeads = shape.DropoutHeads,
    };
}
