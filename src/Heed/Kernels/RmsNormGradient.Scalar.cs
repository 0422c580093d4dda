namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class RmsNormGradient
{
    public static void RunScalar(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float eps, ReadOnlySpan<float> dy, int rows, int dim, Span<float> dx, Span<float> dWeight)
    {
        Span<float> squares = stackalloc float[16], dots = stackalloc float[16];
        for (int r = 0; r < rows; r++)
        {
            int at = r * dim;
            squares.Clear();
            dots.Clear();
            for (int i = 0; i < dim; i++)
            {
                float v = x[at + i];
                squares[i % 16] = MathF.FusedMultiplyAdd(v, v, squares[i % 16]);
                dots[i % 16] = MathF.FusedMultiplyAdd(dy[at + i] * weight[i], v, dots[i % 16]);
            }

            float inverse = 1f / MathF.Sqrt((VectorMath.SumLanes(squares) / dim) + eps);
            float back = -(VectorMath.SumLanes(dots) * inverse / dim);
            for (int i = 0; i < dim; i++)
            {
                float upstream = dy[at + i];
                float normed = x[at + i] * inverse;
                if (!dWeight.IsEmpty) dWeight[i] = MathF.FusedMultiplyAdd(upstream, normed, dWeight[i]);
                if (!dx.IsEmpty) dx[at + i] = MathF.FusedMultiplyAdd(normed, back, upstream * weight[i]) * inverse;
            }
        }
    }
}
