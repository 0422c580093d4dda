namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class RmsNorm
{
    public static void RunScalar(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float eps, int rows, int dim, Span<float> destination)
    {
        Span<float> lanes = stackalloc float[16];
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = x.Slice(r * dim, dim);
            lanes.Clear();
            for (int i = 0; i < dim; i++)
            {
                lanes[i % 16] = MathF.FusedMultiplyAdd(row[i], row[i], lanes[i % 16]);
            }

            float inverse = 1f / MathF.Sqrt((VectorMath.SumLanes(lanes) / dim) + eps);
            for (int i = 0; i < dim; i++)
            {
                float scaled = row[i] * inverse;
                destination[(r * dim) + i] = weight.IsEmpty ? scaled : scaled * weight[i];
            }
        }
    }
}
