using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>A backend that computes nothing: a forward pass on it costs what lies outside of the kernels.</summary>
internal partial class IdleBackend : IBackend
{
    public virtual void Fill(Tensor destination, double value) { }

    public virtual void Copy(Tensor source, Tensor destination) { }

    public virtual void Unary(UnaryOp op, Tensor x, Tensor destination) { }

    public virtual void Binary(BinaryOp op, Tensor a, Tensor b, Tensor destination) { }

    public void Reduce(ReduceOp op, Tensor x, int axes, Tensor destination) { }

    public void MatMul(Tensor a, Tensor b, Tensor destination, bool accumulate = false) { }

    public virtual void Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor destination, bool accumulate) { }

    public virtual void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor destination) { }

    public virtual void Gather(LinearWeights table, ReadOnlySpan<int> ids, Tensor destination) { }

    public void Softmax(Tensor x, Tensor destination) { }

    public virtual void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination) { }

    public virtual void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination) { }

    public virtual void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout, bool inverse = false) { }

    public virtual void Gated(Activation activation, Tensor x, Tensor destination, float beta = 1) { }

    public virtual void StoreKeyValues(in HeadRange keys, in HeadRange values, ReadOnlySpan<int> positions, StoredKeyValues stored) { }

    public virtual void Attention(in HeadRange q, StoredKeyValues stored, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination, AttentionModifiers? modifiers = null)
    {
    }

    public void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx) { }

    public void RmsNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight) { }

    public void LayerNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight, Tensor? dBias) { }

    public void ActivateBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1) { }

    public void GatedBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1) { }

    public void SumRows(Tensor x, Tensor destination) { }

    public void ScatterAdd(Tensor rows, ReadOnlySpan<int> ids, Tensor table) { }

    public void Dropout(Tensor x, float rate, ulong seed, Tensor destination) { }

    public double CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient) => 0;

    public double SquaredNorm(Tensor x) => 0;

    public void AdamW(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, in AdamWStep step) { }

    public void Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        in AttentionOptions options, in AttentionDropout dropout, Tensor destination, Tensor logSumExp, AttentionModifiers? modifiers = null)
    {
    }

    public void AttentionBackward(in HeadRange q, in HeadRange k, in HeadRange v, Tensor output, Tensor outputGradient, Tensor logSumExp,
        ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, in AttentionOptions options, in AttentionDropout dropout,
        in HeadRange dq, in HeadRange dk, in HeadRange dv, AttentionModifiers? modifiers = null, AttentionModifiers? gradients = null)
    {
    }

    public void AttentionWeights(in AttentionCall call, Tensor logSumExp, ReadOnlySpan<(int Batch, int Head, int Query)> rows, Tensor destination) { }

    public void AttentionWeightSums(in AttentionCall call, Tensor logSumExp, Tensor destination) { }
}
