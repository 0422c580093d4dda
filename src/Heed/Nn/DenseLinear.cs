using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A linear layer over ordinary tensors, which can learn.</summary>
/// <param name="weight">[outFeatures, inFeatures].</param>
/// <param name="bias">[outFeatures], or null for none.</param>
public sealed class DenseLinear(Tensor weight, Tensor? bias = null) : Linear(weight.Shape[1], weight.Shape[0])
{
    /// <summary>The matrix, [outFeatures, inFeatures].</summary>
    public Tensor Weight { get; } = weight;

    /// <summary>The bias, [outFeatures], or null.</summary>
    public Tensor? Bias { get; } = bias;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Ops.Linear(x, Weight, Bias);

    /// <inheritdoc/>
    public override Tensor ForwardAdd(Tensor x, Tensor residual) => Ops.AddReusing(residual, Forward(x));

    /// <inheritdoc/>
    public override Tensor CrossEntropy(Tensor x, ReadOnlySpan<int> targets, int ignoreIndex = -100, float softCap = 0) =>
        Ops.LinearCrossEntropy(x, Weight, Bias, targets, ignoreIndex, softCap);

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters(string name)
    {
        yield return new Parameter($"{name}.weight", Weight);
        if (Bias is not null) yield return new Parameter($"{name}.bias", Bias);
    }
}
