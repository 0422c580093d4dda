namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Fused softmax attention with everything that can be done to its scores, tiled, forward and backward (Dao et al. 2022,
    /// arXiv 2205.14135). Query head h uses key head ⌊h·kvHeads/heads⌋; the value size may differ from the key size.
    /// </summary>
    /// <param name="q">[batch, queries, heads, headDim].</param>
    /// <param name="k">[batch, keys, kvHeads, headDim]; kvHeads divides heads.</param>
    /// <param name="v">[batch, keys, kvHeads, valueDim].</param>
    /// <param name="scores">Scale, cap, biases, mask, sinks, choice, dropout.</param>
    /// <returns>[batch, queries, heads, valueDim]; a query that sees no key gives zeros.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, AttentionScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        CheckAttention(q, k, v, default);
        Tensor result = Tensor.Allocate(new Shape(q.Shape[0], q.Shape[1], q.Shape[2] * v.Shape[3]), q.Device);
        using (TensorScope.Lease lease = TensorScope.Begin())
        {
            Tensor logSumExp = Tensor.Allocate(new Shape(q.Shape[0], q.Shape[2], q.Shape[1]), q.Device);
            Attention(CallOf(q, k, scores), new HeadRange(v.Contiguous()), new AttentionDropout(scores.Dropout, scores.Seed), result, logSumExp);
        }
        return result.Reshape(q.Shape.WithLast(v.Shape[3]));
    }

    /// <summary>As <see cref="Attention(Tensor, Tensor, Tensor, AttentionScores)"/>, with the logsumexp and, on request, weights.</summary>
    /// <inheritdoc cref="Attention(Tensor, Tensor, Tensor, AttentionScores)"/>
    public static AttentionResult AttentionWithWeights(Tensor q, Tensor k, Tensor v, AttentionScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        CheckAttention(q, k, v, default);
        return AttentionWithWeights(CallOf(q, k, scores), new HeadRange(v.Contiguous()), new AttentionDropout(scores.Dropout, scores.Seed));
    }

    /// <summary>As the attention of a call's own rows, with the logsumexp and, on request, weights.</summary>
    internal static AttentionResult AttentionWithWeights(in HeadRange q, in HeadRange k, in HeadRange v, int[] limits, int[] firsts, in AttentionOptions options,
        in AttentionDropout dropout, AttentionModifiers? modifiers) =>
        AttentionWithWeights(new AttentionCall(q, k, limits, firsts, options, WithChoice(modifiers, q)), v, dropout);

    private static AttentionResult AttentionWithWeights(in AttentionCall call, in HeadRange v, in AttentionDropout dropout)
    {
        HeadRange q = call.Q;
        Tensor result = Tensor.Allocate(new Shape(q.Batch, q.Seq, q.Count * v.Dim), q.Rows.Device);
        Tensor logSumExp = Tensor.Allocate(new Shape(q.Batch, q.Count, q.Seq), q.Rows.Device);
        Attention(call, v, dropout, result, logSumExp);
        return new AttentionResult(call, result.Reshape(new Shape(q.Batch, q.Seq, q.Count, v.Dim)), logSumExp);
    }

    private static AttentionCall CallOf(Tensor q, Tensor k, AttentionScores scores)
    {
        int batch = q.Shape[0], queries = q.Shape[1], heads = q.Shape[2], keys = k.Shape[1];
        float scale = scores.Scale ?? 1 / MathF.Sqrt(q.Shape[3]);
        if (!float.IsFinite(scale)) TensorErrors.Argument($"Attention: got a scale of {scale}; expected a number.");
        if (!(scores.SoftCap >= 0)) TensorErrors.Argument($"Attention: got a soft-cap of {scores.SoftCap}; expected 0 or more.");
        if (scores.TopK < 0) TensorErrors.Argument($"Attention: got a top k of {scores.TopK}; expected 0 or more.");
        CompiledMask mask = scores.Mask?.Compile(batch, heads, queries, keys) ?? EverythingSeen(batch * queries, keys);
        AttentionModifiers modifiers = new()
        {
            Tiles = mask.Tiles,
            Distances = DistancesOf(scores.DistanceBias, q, keys),
            Bias = BiasOf(scores.Bias, q, new Shape(batch, heads, queries, keys)),
            Sinks = SinksOf(scores.Sinks, q),
            TopK = scores.TopK,
        };
        HeadRange rows = new(q.Contiguous());
        return new AttentionCall(rows, new HeadRange(k.Contiguous()), mask.Limits, mask.Firsts, new AttentionOptions(scale, scores.SoftCap), WithChoice(modifiers, rows));
    }

    private static CompiledMask EverythingSeen(int rows, int keys)
    {
        int[] limits = new int[rows];
        Array.Fill(limits, keys - 1);
        return new CompiledMask(limits, [], null);
    }

    private static Tensor? DistancesOf(Tensor? bias, Tensor q, int keys)
    {
        if (bias is null) return null;
        SameDevice("Attention", q, bias);
        Shape shape = Shape.Of(q.Shape[2], Math.Max(0, q.Shape[1] + keys - 1));
        if (bias.Rank != 2 || (bias.Shape[0] != 1 && bias.Shape[0] != shape[0]) || bias.Shape[1] != shape[1])
            TensorErrors.WrongShape("Attention", "DistanceBias", bias.Shape, $"{shape}: heads (or 1), queries + keys - 1");
        return bias.BroadcastTo(shape).Contiguous();
    }

    /// <summary>The bias with four axes, of which the first three are whole or 1.</summary>
    private static Tensor? BiasOf(Tensor? bias, Tensor q, Shape scores)
    {
        if (bias is null) return null;
        SameDevice("Attention", q, bias);
        int missing = scores.Rank - bias.Rank;
        Span<int> sizes = [1, 1, 1, 1];
        bool fits = missing >= 0;
        for (int axis = Math.Max(0, missing); axis < scores.Rank; axis++)
        {
            sizes[axis] = bias.Shape[axis - missing];
            fits &= sizes[axis] == 1 || sizes[axis] == scores[axis];
        }
        if (!fits) TensorErrors.WrongShape("Attention", "Bias", bias.Shape, $"a shape that broadcasts to {scores}");
        Tensor whole = bias.Reshape(new Shape(sizes));
        return (sizes[3] == scores[3] ? whole : whole.BroadcastTo(whole.Shape.WithLast(scores[3]))).Contiguous();
    }

    private static Tensor? SinksOf(Tensor? sinks, Tensor q)
    {
        if (sinks is null) return null;
        SameDevice("Attention", q, sinks);
        if (sinks.Rank != 1 || sinks.Shape[0] != q.Shape[2]) TensorErrors.WrongShape("Attention", "Sinks", sinks.Shape, $"[{q.Shape[2]}], one for each query head");
        return sinks.Contiguous();
    }
}
