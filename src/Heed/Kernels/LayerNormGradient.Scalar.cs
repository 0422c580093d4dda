namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class LayerNormGradient
{
    public static void RunScalar(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float eps, ReadOnlySpan<float> dy, int rows, int dim,
        Span<float> dx, Span<float> dWeight, Span<float> dBias)
    {
        Span<float> plain = stackalloc float[16], dots = stackalloc float[16];
        for (int r = 0; r < rows; r++)
        {
            int at = r * dim;
            float mean = CentreScalar(x.Slice(at, dim), eps, out float inverse);
            plain.Clear();
            dots.Clear();
            for (int i = 0; i < dim; i++)
            {
                float g = dy[at + i] * weight[i];
                plain[i % 16] += g;
                dots[i % 16] = MathF.FusedMultiplyAdd(g, (x[at + i] - mean) * inverse, dots[i % 16]);
            }

            float shift = VectorMath.SumLanes(plain) / dim, back = -(VectorMath.SumLanes(dots) / dim);
            for (int i = 0; i < dim; i++)
            {
                float upstream = dy[at + i];
                float normed = (x[at + i] - mean) * inverse;
                if (!dWeight.IsEmpty) dWeight[i] = MathF.FusedMultiplyAdd(upstream, normed, dWeight[i]);
                if (!dBias.IsEmpty) dBias[i] += upstream;
                if (!dx.IsEmpty) dx[at + i] = MathF.FusedMultiplyAdd(normed, back, (upstream * weight[i]) - shift) * inverse;
            }
        }
    }

    private static float CentreScalar(ReadOnlySpan<float> row, float eps, out float inverse)
    {
        Span<float> lanes = stackalloc float[16];
        lanes.Clear();
        for (int i = 0; i < row.Length; i++) lanes[i % 16] += row[i];
        float mean = VectorMath.SumLanes(lanes) / row.Length;
        lanes.Clear();
        for (int i = 0; i < row.Length; i++)
        {
            float centred = row[i] - mean;
            lanes[i % 16] = MathF.FusedMultiplyAdd(centred, centred, lanes[i % 16]);
        }

        inverse = 1f / MathF.Sqrt((VectorMath.SumLanes(lanes) / row.Length) + eps);
        return mean;
    }
}
