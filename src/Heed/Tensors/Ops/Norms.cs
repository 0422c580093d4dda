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
        using (GradientTape.NoGrad()) x.Backend.RmsNorm(x, weight.Contiguous(), epsilon, result);
        if (GradientTape.Watching(x, weight) is { } tape) RmsNormGradient(tape, x, weight, epsilon, result);
        return result;
    }

    private static void RmsNormGradient(GradientTape tape, Tensor x, Tensor weight, float epsilon, Tensor result)
    {
        GradientNode? toX = x.Node, toWeight = weight.Node;
        SavedTensor input = tape.Save(x, "RmsNorm"), gain = tape.Save(weight, "RmsNorm");
        tape.Record(result, gradient =>
        {
            Tensor v = input.Value.Contiguous(), dy = gradient.Contiguous();
            Tensor? dx = toX is null ? null : Tensor.Allocate(v.Shape, v.Device);
            if (toWeight is null) v.Backend.RmsNormBackward(v, gain.Value.Contiguous(), epsilon, dy, dx, null);
            else toWeight.Accumulate(dw => v.Backend.RmsNormBackward(v, gain.Value.Contiguous(), epsilon, dy, dx, dw));
            toX?.Add(dx!);
        });
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
        using (GradientTape.NoGrad()) x.Backend.LayerNorm(x, weight.Contiguous(), bias?.Contiguous(), epsilon, result);
        if (GradientTape.Watching(x, weight, bias) is { } tape) LayerNormGradient(tape, x, weight, bias, epsilon, result);
        return result;
    }

    private static void LayerNormGradient(GradientTape tape, Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor result)
    {
        GradientNode? toX = x.Node, toWeight = weight.Node, toBias = bias?.Node;
        SavedTensor input = tape.Save(x, "LayerNorm"), gain = tape.Save(weight, "LayerNorm");
        tape.Record(result, gradient =>
        {
            Tensor v = input.Value.Contiguous(), dy = gradient.Contiguous();
            Tensor? dx = toX is null ? null : Tensor.Allocate(v.Shape, v.Device);
            Tensor? dw = toWeight is null ? null : Tensor.Zeros(toWeight.Shape, v.Device), db = toBias is null ? null : Tensor.Zeros(toBias.Shape, v.Device);
            v.Backend.LayerNormBackward(v, gain.Value.Contiguous(), epsilon, dy, dx, dw, db);
            toX?.Add(dx!);
            toWeight?.Add(dw!);
            toBias?.Add(db!);
        });
    }
}
