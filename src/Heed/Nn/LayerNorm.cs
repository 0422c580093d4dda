using Heed.Tensors;

namespace Heed.Nn;

/// <summary>LayerNorm, (x − mean)/√(variance + ε)·g + b (Ba et al. 2016, arXiv 1607.06450).</summary>
/// <param name="weight">g, [dim].</param>
/// <param name="bias">b, [dim], or null for none.</param>
/// <param name="epsilon">ε, inside the root.</param>
public sealed class LayerNorm(Tensor weight, Tensor? bias, float epsilon) : Norm
{
    /// <summary>The gain g, [dim].</summary>
    public Tensor Weight { get; } = weight;

    /// <summary>The shift b, [dim], or null.</summary>
    public Tensor? Bias { get; } = bias;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Ops.LayerNorm(x, Weight, Bias, epsilon);

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters(string name)
    {
        yield return new Parameter($"{name}.weight", Weight);
        if (Bias is not null) yield return new Parameter($"{name}.bias", Bias);
    }
}
