using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A linear layer whose matrix is in a form made for multiplying: packed panels, or a file's own blocks.</summary>
internal sealed class FrozenLinear(LinearWeights weights, Tensor? bias = null) : Linear(weights.Columns, weights.Rows)
{
    public LinearWeights Weights { get; } = weights;

    public Tensor? Bias { get; } = bias;

    public override Tensor Forward(Tensor x) => Ops.Linear(x, Weights, Bias);

    public override Tensor ForwardAdd(Tensor x, Tensor residual) => GradientTape.Watching(x, residual) is null
        ? Ops.Linear(x, Weights, Bias, addTo: residual)
        : residual + Forward(x);

    public override Tensor CrossEntropy(Tensor x, ReadOnlySpan<int> targets, int ignoreIndex = -100, float softCap = 0) =>
        Ops.LinearCrossEntropy(x, Weights, Bias, targets, ignoreIndex, softCap);
}
