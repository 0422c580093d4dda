namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class LayerNorm
{
    public static void RunScalar(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float eps, int rows, int dim, Span<float> destination)
    {
        Span<float> lanes = stackalloc float[16];
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = x.Slice(r * dim, dim);
            lanes.Clear();
            for (int i = 0; i < dim; i++)
            {
                lanes[i % 16] += row[i];
            }

            float mean = VectorMath.SumLanes(lanes) / dim;
            lanes.Clear();
            for (int i = 0; i < dim; i++)
            {
                float centred = row[i] - mean;
                lanes[i % 16] = MathF.FusedMultiplyAdd(centred, centred, lanes[i % 16]);
            }

            float inverse = 1f / MathF.Sqrt((VectorMath.SumLanes(lanes) / dim) + eps);
            for (int i = 0; i < dim; i++)
            {
                float shift = bias.IsEmpty ? 0f : bias[i];
                destination[(r * dim) + i] = MathF.FusedMultiplyAdd((row[i] - mean) * inverse, weight[i], shift);
            }
        }
    }
}
