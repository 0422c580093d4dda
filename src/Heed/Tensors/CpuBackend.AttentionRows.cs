using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Attention of a call's own rows, its gradients and its weights.</content>
internal sealed partial class CpuBackend
{
    public void Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        in AttentionOptions options, in AttentionDropout dropout, Tensor destination, Tensor logSumExp, AttentionModifiers? modifiers = null) =>
        FlashAttention.OverRows(ShapeOf(q, k, v, options, dropout), RowsOf(q), RowsOf(k), RowsOf(v), limits, firsts,
            destination.Span<float>(destination.ElementCount), logSumExp.Span<float>(logSumExp.ElementCount), _pool, Counter, SpansOf(modifiers));

    public void AttentionBackward(in HeadRange q, in HeadRange k, in HeadRange v, Tensor output, Tensor outputGradient, Tensor logSumExp,
        ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, in AttentionOptions options, in AttentionDropout dropout,
        in HeadRange dq, in HeadRange dk, in HeadRange dv, AttentionModifiers? modifiers = null, AttentionModifiers? gradients = null) =>
        FlashAttention.OverRowsBackward(ShapeOf(q, k, v, options, dropout), RowsOf(q), RowsOf(k), RowsOf(v),
            output.Span<float>(output.ElementCount), outputGradient.Span<float>(outputGradient.ElementCount),
            logSumExp.Span<float>(logSumExp.ElementCount), limits, firsts, RowsOf(dq), RowsOf(dk), RowsOf(dv), _pool,
            Counter, SpansOf(modifiers), gradients: SpansOf(gradients));

    public void AttentionWeights(in AttentionCall call, Tensor logSumExp, ReadOnlySpan<(int Batch, int Head, int Query)> rows, Tensor destination) =>
        FlashAttention.WeightsOfRows(ShapeOf(call.Q, call.K, call.K, call.Options, default), RowsOf(call.Q), RowsOf(call.K), Floats(logSumExp), call.Limits, call.Firsts,
            rows, Floats(destination), _pool, SpansOf(call.Modifiers));

    public void AttentionWeightSums(in AttentionCall call, Tensor logSumExp, Tensor destination) =>
        FlashAttention.ColumnSums(ShapeOf(call.Q, call.K, call.K, call.Options, default), RowsOf(call.Q), RowsOf(call.K), Floats(logSumExp), call.Limits, call.Firsts,
            Floats(destination), _pool, SpansOf(call.Modifiers));

    private static ScoreSpans SpansOf(AttentionModifiers? modifiers) => modifiers is null
        ? default
        : new ScoreSpans
        {
            Tiles = modifiers.Tiles,
            Distances = Floats(modifiers.Distances),
            Bias = Floats(modifiers.Bias),
            BiasBatch = modifiers.Bias?.Shape[0] ?? 0,
            BiasHeads = modifiers.Bias?.Shape[1] ?? 0,
            BiasQueries = modifiers.Bias?.Shape[2] ?? 0,
            Sinks = Floats(modifiers.Sinks),
            TopK = modifiers.TopK,
            Choice = Floats(modifiers.Choice),
        };

    private static Span<float> Floats(Tensor? x) => x is null ? default : x.Span<float>(x.ElementCount);

    private static AttentionShape ShapeOf(in HeadRange q, in HeadRange k, in HeadRange v, in AttentionOptions options, in AttentionDropout dropout) => new()
    {
        Batch = q.Batch,
        Queries = q.Seq,
        Heads = q.Count,
        KvHeads = k.Count,
        HeadDim = q.Dim,
        ValueDim = v.Dim,
        KeyCapacity = k.Seq,
        Scale = options.Scale,
        SoftCap = options.SoftCap,
        Window = options.Window,
        DropoutRate = dropout.Rate,
        DropoutSeed = dropout.Seed,
        DropoutHeads = dropout.Heads,
    };

    private static HeadRows RowsOf(in HeadRange x) => x.Rows.ElementCount == 0
        ? default
        : new HeadRows(x.Elements<float>(), x.Seq * x.RowStride, x.RowStride, x.Dim);
}
