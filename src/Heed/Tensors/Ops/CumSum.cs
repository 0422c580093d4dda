namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>Running sums along an axis, the element itself included; summed in double, in rising order.</summary>
    public static Tensor CumSum(Tensor x, Index axis)
    {
        int along = CheckAxis("CumSum", x, axis);
        Tensor result;
        using (GradientTape.NoGrad()) result = x.Clone();
        SumAlong(result, along, falling: false);
        if (GradientTape.Watching(x) is { } tape) CumSumGradient(tape, x, along, result);
        return result;
    }

    /// <summary>An element counts in all sums from its own on, so the gradient is the running sum from the other end.</summary>
    private static void CumSumGradient(GradientTape tape, Tensor x, int along, Tensor result)
    {
        GradientNode node = x.Node!;
        tape.Record(result, gradient =>
        {
            Tensor sums = gradient.Clone();
            SumAlong(sums, along, falling: true);
            node.Add(sums);
        });
    }

    private static void SumAlong(Tensor result, int along, bool falling)
    {
        int size = result.Shape[along], stride = result.Stride(along), count = result.ElementCount;
        if (count == 0) return;
        for (int line = 0; line < count / size; line++)
        {
            int start = line / stride * stride * size + line % stride;
            double sum = 0;
            for (int step = 0; step < size; step++)
            {
                int i = falling ? size - 1 - step : step;
                if (result.DType == DType.Float32)
                {
                    ref float cell = ref result.Span<float>(count)[start + i * stride];
                    cell = (float)(sum += cell);
                }
                else
                {
                    ref double cell = ref result.Span<double>(count)[start + i * stride];
                    cell = sum += cell;
                }
            }
        }
    }
}
