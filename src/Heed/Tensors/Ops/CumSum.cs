namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>Running sums along an axis, the element itself included; summed in double, in rising order.</summary>
    public static Tensor CumSum(Tensor x, Index axis)
    {
        int along = CheckAxis("CumSum", x, axis), size = x.Shape[along];
        Tensor result = x.Clone();
        int stride = result.Stride(along), count = result.ElementCount;
        if (count == 0) return result;
        for (int line = 0; line < count / size; line++)
        {
            int start = line / stride * stride * size + line % stride;
            double sum = 0;
            for (int i = 0; i < size; i++)
            {
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
        return result;
    }
}
