namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Fused softmax attention, softmax(scale·q·kᵀ)·v, that never holds the score matrix (Dao et al. 2022, arXiv
    /// 2205.14135). Query head h uses key head ⌊h·kvHeads/heads⌋; the value size may differ from the key size.
    /// </summary>
    /// <param name="q">[batch, queries, heads, headDim].</param>
    /// <param name="k">[batch, keys, kvHeads, headDim]; kvHeads divides heads.</param>
    /// <param name="v">[batch, keys, kvHeads, valueDim].</param>
    /// <param name="options">Scale, soft-cap and window.</param>
    /// <param name="causal">Query i sees key j only if j ≤ i + keys − queries: the last query sees every key.</param>
    /// <param name="firstKeys">Keys before it are out of sight: one per batch row (padding), or one per query of batch × queries (documents); empty for none.</param>
    /// <param name="dropout">The rate of dropout of the probabilities.</param>
    /// <param name="seed">Which of them fall to dropout.</param>
    /// <returns>[batch, queries, heads, valueDim]; a query that sees no key gives zeros.</returns>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, in AttentionOptions options, bool causal = true,
        ReadOnlySpan<int> firstKeys = default, float dropout = 0, ulong seed = 0)
    {
        CheckAttention(q, k, v, firstKeys);
        int batch = q.Shape[0], queries = q.Shape[1], keys = k.Shape[1];
        int[] limits = new int[batch * queries], firsts = new int[firstKeys.IsEmpty ? 0 : limits.Length];
        for (int i = 0; i < limits.Length; i++)
            limits[i] = causal ? Math.Max(-1, i % queries + keys - queries) : keys - 1;
        for (int i = 0; i < firsts.Length; i++) firsts[i] = firstKeys[firstKeys.Length == batch ? i / queries : i];
        Tensor result = Attention(new HeadRange(q.Contiguous()), new HeadRange(k.Contiguous()), new HeadRange(v.Contiguous()), limits, firsts, options, new AttentionDropout(dropout, seed));
        return result.Reshape(q.Shape.WithLast(v.Shape[3]));
    }

    /// <summary>
    /// Attention of this call's own rows: query r of batch × queries sees keys firsts[r] (0 if that is empty) to limits[r].
    /// The result is [batch, queries, heads·valueDim].
    /// </summary>
    internal static Tensor Attention(in HeadRange q, in HeadRange k, in HeadRange v, int[] limits, int[] firsts, in AttentionOptions options,
        in AttentionDropout dropout, AttentionModifiers? modifiers = null)
    {
        Tensor result = Tensor.Allocate(new Shape(q.Batch, q.Seq, q.Count * v.Dim), q.Rows.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor logSumExp = Tensor.Allocate(new Shape(q.Batch, q.Count, q.Seq), q.Rows.Device);
        AttentionCall call = new(q, k, limits, firsts, options, WithChoice(modifiers, q));
        Attention(call, v, dropout, result, logSumExp);
        return result;
    }

    /// <summary>Memory for what the forward pass chooses, where it does.</summary>
    private static AttentionModifiers? WithChoice(AttentionModifiers? modifiers, in HeadRange q) => modifiers is null or { TopK: 0 }
        ? modifiers
        : modifiers with { Choice = Tensor.Allocate(new Shape(2, q.Batch, q.Count, q.Seq), q.Rows.Device) };

    private static void Attention(in AttentionCall call, in HeadRange v, in AttentionDropout dropout, Tensor result, Tensor logSumExp)
    {
        result.Backend.Attention(call.Q, call.K, v, call.Limits, call.Firsts, call.Options, dropout, result, logSumExp, call.Modifiers);
        GradientTape? tape = GradientTape.Watching(call.Q.Rows, call.K.Rows, v.Rows);
        if (tape is null && call.Modifiers is { } modifiers && (modifiers.Bias ?? modifiers.Distances ?? modifiers.Sinks) is { } any)
            tape = GradientTape.Watching(any, modifiers.Distances, modifiers.Sinks);
        if (tape is not null) new AttentionGradient(tape, call, v, dropout, result, logSumExp).Record(tape);
    }

    private static void CheckAttention(Tensor q, Tensor k, Tensor v, ReadOnlySpan<int> firstKeys)
    {
        if (q.Rank != 4 || q.Shape[3] == 0) TensorErrors.WrongShape("Attention", "q", q.Shape, "[batch, queries, heads, headDim] with a headDim of 1 or more");
        if (k.Rank != 4 || k.Shape[0] != q.Shape[0] || k.Shape[3] != q.Shape[3])
            TensorErrors.WrongShape("Attention", "k", k.Shape, $"[{q.Shape[0]}, keys, kvHeads, {q.Shape[3]}]");
        if (k.Shape[2] == 0 || q.Shape[2] % k.Shape[2] != 0)
            TensorErrors.WrongShape("Attention", "k", k.Shape, $"a number of kvHeads that divides {q.Shape[2]} heads");
        if (v.Rank != 4 || v.Shape[0] != k.Shape[0] || v.Shape[1] != k.Shape[1] || v.Shape[2] != k.Shape[2])
            TensorErrors.WrongShape("Attention", "v", v.Shape, $"[{k.Shape[0]}, {k.Shape[1]}, {k.Shape[2]}, valueDim]");
        if (firstKeys.Length != 0 && firstKeys.Length != q.Shape[0] && firstKeys.Length != q.Shape[0] * q.Shape[1])
            TensorErrors.Argument($"Attention: got {firstKeys.Length} firstKeys; expected 0, {q.Shape[0]} or {q.Shape[0] * q.Shape[1]}.");
        SameDevice("Attention", q, k);
        SameDevice("Attention", q, v);
    }
}
