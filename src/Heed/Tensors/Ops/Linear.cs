namespace Heed.Tensors;

public static partial class Ops
{
    private const int FrozenRows = 256;

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
        using (GradientTape.NoGrad())
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            int rows = outFeatures == 0 ? 0 : result.ElementCount / outFeatures;
            Tensor a = x.Reshape(new Shape(1, rows, inFeatures));
            Tensor b = weight.Transpose(0, 1).Unsqueeze(0);
            x.Backend.MatMul(a, b, result.Reshape(new Shape(1, rows, outFeatures)));
            if (bias is not null) x.Backend.Binary(BinaryOp.Add, result, bias.BroadcastTo(result.Shape), result);
        }
        if (GradientTape.Watching(x, weight, bias) is { } tape) LinearGradient(tape, x, weight, bias, result);
        return result;
    }

    /// <summary>dx = dy·W, dW = dyᵀ·x, db = Σ dy.</summary>
    private static void LinearGradient(GradientTape tape, Tensor x, Tensor weight, Tensor? bias, Tensor result)
    {
        GradientNode? toX = x.Node, toWeight = weight.Node, toBias = bias?.Node;
        SavedTensor? input = toWeight is null ? null : tape.Save(x, "Linear"), matrix = toX is null ? null : tape.Save(weight, "Linear");
        tape.Record(result, gradient =>
        {
            Tensor dy = AsRows(gradient);
            toX?.Write((sum, accumulate) => sum.Backend.MatMul(dy.Unsqueeze(0), matrix!.Value.Unsqueeze(0), AsRows(sum).Unsqueeze(0), accumulate));
            toWeight?.Write((sum, accumulate) => sum.Backend.MatMul(dy.Transpose(0, 1).Unsqueeze(0), AsRows(input!.Value).Unsqueeze(0), sum.Unsqueeze(0), accumulate));
            toBias?.Accumulate(sum => sum.Backend.SumRows(dy, sum));
        });
    }

    /// <summary>[rows…, features] as [rows, features].</summary>
    private static Tensor AsRows(Tensor x) => x.Reshape(new Shape(x.Shape[^1] == 0 ? 0 : x.ElementCount / x.Shape[^1], x.Shape[^1]));

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
            if (GradientTape.Watching(input, bias) is { } tape) FrozenLinearGradient(tape, input, weights, bias, result);
            return result;
        }
        bool fits = addTo.IsContiguous && addTo.Shape[^1] == weights.Rows
            && (long)addTo.ElementCount * weights.Columns == (long)x.ElementCount * weights.Rows;
        if (!fits) WrongSum(x, weights, addTo);
        SameDevice("Linear", x, addTo);
        addTo.BeginWrite("Linear", x);
        x.Backend.Linear(input, weights, bias, addTo, accumulate: true);
        return addTo;
    }

    /// <summary>dx = dy·W, a stretch of rows of W at a time: the matrix itself does not learn.</summary>
    private static void FrozenLinearGradient(GradientTape tape, Tensor x, LinearWeights weights, Tensor? bias, Tensor result)
    {
        GradientNode? toX = x.Node, toBias = bias?.Node;
        tape.Record(result, gradient =>
        {
            Tensor dy = AsRows(gradient);
            toX?.Write((sum, accumulate) => MultiplyFrozen(dy, weights, AsRows(sum), accumulate));
            toBias?.Accumulate(sum => sum.Backend.SumRows(dy, sum));
        });
    }

    /// <summary>dx = dy·W, or dx += dy·W, for a matrix in weight form.</summary>
    private static void MultiplyFrozen(Tensor dy, LinearWeights weights, Tensor dx, bool accumulate)
    {
        for (int first = 0; first < weights.Rows; first += FrozenRows)
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            int rows = Math.Min(FrozenRows, weights.Rows - first);
            dx.Backend.MatMul(dy.Slice(1, first, rows).Unsqueeze(0), ReadRows(weights, first, rows, dx.Device).Unsqueeze(0), dx.Unsqueeze(0), accumulate || first > 0);
        }
    }

    /// <summary>Some rows of a matrix in weight form as a tensor [rows, columns].</summary>
    private static Tensor ReadRows(LinearWeights weights, int first, int rows, Device device)
    {
        Shape shape = new(rows, weights.Columns);
        if (device.DType == DType.Float32)
        {
            Tensor part = Tensor.Allocate(shape, device);
            Span<float> direct = part.AsSpan();
            for (int i = 0; i < rows; i++) weights.ReadRow(first + i, direct.Slice(i * weights.Columns, weights.Columns));
            return part;
        }
        float[] values = new float[rows * weights.Columns];
        for (int i = 0; i < rows; i++) weights.ReadRow(first + i, values.AsSpan(i * weights.Columns, weights.Columns));
        return Tensor.From(values, shape, device);
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
