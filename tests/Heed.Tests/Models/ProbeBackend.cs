using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Computes as the CPU does, counts attention calls, and cancels in the one that is asked for.</summary>
internal sealed partial class ProbeBackend(int cancelAt, CancellationTokenSource source) : IBackend
{
    private readonly CpuBackend _cpu = new(1);

    public int Attentions { get; private set; }

    public void Fill(Tensor destination, double value) => _cpu.Fill(destination, value);

    public void Copy(Tensor from, Tensor destination) => _cpu.Copy(from, destination);

    public void Unary(UnaryOp op, Tensor x, Tensor destination) => _cpu.Unary(op, x, destination);

    public void Binary(BinaryOp op, Tensor a, Tensor b, Tensor destination) => _cpu.Binary(op, a, b, destination);

    public void Reduce(ReduceOp op, Tensor x, int axes, Tensor destination) => _cpu.Reduce(op, x, axes, destination);

    public void MatMul(Tensor a, Tensor b, Tensor destination, bool accumulate = false) => _cpu.MatMul(a, b, destination, accumulate);

    public void Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor destination, bool accumulate) =>
        _cpu.Linear(x, weights, bias, destination, accumulate);

    public void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor destination) => _cpu.Gather(table, ids, destination);

    public void Gather(LinearWeights table, ReadOnlySpan<int> ids, Tensor destination) => _cpu.Gather(table, ids, destination);

    public void Softmax(Tensor x, Tensor destination) => _cpu.Softmax(x, destination);

    public void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination) => _cpu.RmsNorm(x, weight, epsilon, destination);

    public void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination) =>
        _cpu.LayerNorm(x, weight, bias, epsilon, destination);

    public void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout, bool inverse = false) =>
        _cpu.Rope(x, cos, sin, positions, layout, inverse);

    public void Gated(Activation activation, Tensor x, Tensor destination, float beta = 1) => _cpu.Gated(activation, x, destination, beta);

    public void StoreKeyValues(in HeadRange keys, in HeadRange values, ReadOnlySpan<int> positions, StoredKeyValues stored) =>
        _cpu.StoreKeyValues(keys, values, positions, stored);

    public void Attention(in HeadRange q, StoredKeyValues stored, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination, AttentionModifiers? modifiers = null)
    {
        if (++Attentions == cancelAt) source.Cancel();
        _cpu.Attention(q, stored, limits, firstKeys, options, destination, modifiers);
    }

    public void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx) => _cpu.SoftmaxBackward(y, dy, dx);

    public void RmsNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight) =>
        _cpu.RmsNormBackward(x, weight, epsilon, dy, dx, dWeight);

    public void LayerNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight, Tensor? dBias) =>
        _cpu.LayerNormBackward(x, weight, epsilon, dy, dx, dWeight, dBias);

    public void ActivateBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1) => _cpu.ActivateBackward(activation, x, dy, dx, beta);

    public void GatedBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1) => _cpu.GatedBackward(activation, x, dy, dx, beta);

    public void SumRows(Tensor x, Tensor destination) => _cpu.SumRows(x, destination);

    public void ScatterAdd(Tensor rows, ReadOnlySpan<int> ids, Tensor table) => _cpu.ScatterAdd(rows, ids, table);

    public void Dropout(Tensor x, float rate, ulong seed, Tensor destination) => _cpu.Dropout(x, rate, seed, destination);

    public double CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient) =>
        _cpu.CrossEntropy(logits, targets, ignoreIndex, softCap, gradientScale, gradient);

    public double SquaredNorm(Tensor x) => _cpu.SquaredNorm(x);

    public void AdamW(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, in AdamWStep step) =>
        _cpu.AdamW(parameter, gradient, firstMoment, secondMoment, step);

    public void Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        in AttentionOptions options, in AttentionDropout dropout, Tensor destination, Tensor logSumExp, AttentionModifiers? modifiers = null) =>
        _cpu.Attention(q, k, v, limits, firsts, options, dropout, destination, logSumExp, modifiers);

    public void AttentionBackward(in HeadRange q, in HeadRange k, in HeadRange v, Tensor output, Tensor outputGradient, Tensor logSumExp,
        ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, in AttentionOptions options, in AttentionDropout dropout,
        in HeadRange dq, in HeadRange dk, in HeadRange dv, AttentionModifiers? modifiers = null, AttentionModifiers? gradients = null) =>
        _cpu.AttentionBackward(q, k, v, output, outputGradient, logSumExp, limits, firsts, options, dropout, dq, dk, dv, modifiers, gradients);

    public void AttentionWeights(in AttentionCall call, Tensor logSumExp, ReadOnlySpan<(int Batch, int Head, int Query)> rows, Tensor destination) =>
        _cpu.AttentionWeights(call, logSumExp, rows, destination);

    public void AttentionWeightSums(in AttentionCall call, Tensor logSumExp, Tensor destination) => _cpu.AttentionWeightSums(call, logSumExp, destination);
}
