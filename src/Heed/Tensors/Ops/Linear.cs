namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>x·Wᵀ + b for x [rows…, in], weight [out, in], bias [out]; the result is [rows…, out].</summary>
    /// <exception cref="ArgumentException">Sizes or devices do not fit.</exception>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null)
    {
        if (weight.Rank != 2) TensorErrors.WrongShape("Linear", "weight", weight.Shape, "[out, in]");
        int inFeatures = weight.Shape[1], outFeatures = weight.Shape[0];
        CheckFeatures(x, inFeatures);
        SameDevice("Linear", x, weight);
        if (bias is not null) CheckBias(x, bias, outFeatures);
        Tensor result = Tensor.Allocate(x.Shape.WithLast(outFeatures), x.Device);
        using (TensorScope.Begin())
        {
            int rows = outFeatures == 0 ? 0 : result.ElementCount / outFeatures;
            Tensor a = x.Reshape(new Shape(1, rows, inFeatures));
            Tensor b = weight.Transpose(0, 1).Unsqueeze(0);
            x.Backend.MatMul(a, b, result.Reshape(new Shape(1, rows, outFeatures)));
            if (bias is not null) x.Backend.Binary(BinaryOp.Add, result, bias.BroadcastTo(result.Shape), result);
        }
        return result;
    }

    /// <summary>
    /// x·Wᵀ + b for a matrix in weight form. With <paramref name="addTo"/> the product is added to that tensor, which is
    /// overwritten and returned.
    /// </summary>
    internal static Tensor Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor? addTo = null)
    {
        CheckFeatures(x, weights.Columns);
        if (bias is not null) CheckBias(x, bias, weights.Rows);
        Tensor input = x.Contiguous();
        if (addTo is null)
        {
            Tensor result = Tensor.Allocate(x.Shape.WithLast(weights.Rows), x.Device);
            x.Backend.Linear(input, weights, bias, result, accumulate: false);
            return result;
        }
        bool fits = addTo.IsContiguous && addTo.Shape[^1] == weights.Rows
            && (long)addTo.ElementCount * weights.Columns == (long)x.ElementCount * weights.Rows;
        if (!fits) WrongSum(x, weights, addTo);
        SameDevice("Linear", x, addTo);
        x.Backend.Linear(input, weights, bias, addTo, accumulate: true);
        return addTo;
    }

    private static void CheckBias(Tensor x, Tensor bias, int outFeatures)
    {
        CheckVector("Linear", "bias", bias, outFeatures);
        SameDevice("Linear", x, bias);
        if (!bias.IsContiguous) TensorErrors.NotContiguous("Linear", bias.Shape);
    }

    private static void WrongSum(Tensor x, LinearWeights weights, Tensor addTo) =>
        TensorErrors.WrongShape("Linear", "addTo", addTo.Shape, $"a contiguous {x.Shape.WithLast(weights.Rows)}");

    private static void CheckFeatures(Tensor x, int inFeatures)
    {
        if (x.Rank == 0 || x.Shape[^1] != inFeatures) TensorErrors.WrongShape("Linear", "x", x.Shape, $"[…, {inFeatures}]");
    }
}
