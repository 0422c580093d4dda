using Heed.Tensors;

namespace Heed.Nn;

/// <summary>RMSNorm, x/√(mean(x²) + ε)·g (Zhang and Sennrich 2019, arXiv 1910.07467).</summary>
/// <param name="weight">g, [dim].</param>
/// <param name="epsilon">ε, inside the root.</param>
public sealed class RmsNorm(Tensor weight, float epsilon) : Norm
{
    /// <summary>The gain g, [dim].</summary>
    public Tensor Weight { get; } = weight;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Ops.RmsNorm(x, Weight, epsilon);

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters(string name) => [new Parameter($"{name}.weight", Weight)];
}
