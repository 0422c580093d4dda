namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>RMSNorm, x/√(mean(x²) + ε)·g over the last axis (Zhang and Sennrich 2019, arXiv 1910.07467).</summary>
    /// <param name="x">[…, dim].</param>
    /// <param name="weight">g, [dim].</param>
    /// <param name="epsilon">ε, inside the root.</param>
    public static Tensor RmsNorm(Tensor x, Tensor weight, float epsilon)
    {
        CheckVector("RmsNorm", "weight", weight, x.Shape[^1]);
        SameDevice("RmsNorm", x, weight);
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        x.Backend.RmsNorm(x, weight.Contiguous(), epsilon, result);
        return result;
    }

    /// <summary>
    /// LayerNorm, (x − mean)/√(variance + ε)·g + b over the last axis with the population variance
    /// (Ba et al. 2016, arXiv 1607.06450).
    /// </summary>
    /// <param name="x">[…, dim].</param>
    /// <param name="weight">g, [dim].</param>
    /// <param name="bias">b, [dim], or null for none.</param>
    /// <param name="epsilon">ε, inside the root.</param>
    public static Tensor LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon)
    {
        CheckVector("LayerNorm", "weight", weight, x.Shape[^1]);
        SameDevice("LayerNorm", x, weight);
        if (bias is not null)
        {
            CheckVector("LayerNorm", "bias", bias, x.Shape[^1]);
            SameDevice("LayerNorm", x, bias);
        }
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        x.Backend.LayerNorm(x, weight.Contiguous(), bias?.Contiguous(), epsilon, result);
        return result;
    }
}
