namespace Heed.Kernels;

/// <summary>The scalar twins.</summary>
internal static unsafe partial class ActivationGradient
{
    public static void RunScalar<TSlope>(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx, float beta = 1f) where TSlope : struct, ISlope
    {
        for (int i = 0; i < x.Length; i++) dx[i] = dy[i] * TSlope.Apply(x[i], beta, out _);
    }

    public static void RunGatedScalar<TSlope>(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, int rows, int hidden, Span<float> dx, float beta = 1f) where TSlope : struct, ISlope
    {
        for (int r = 0; r < rows; r++)
        {
            for (int i = 0; i < hidden; i++)
            {
                int at = (2 * r * hidden) + i;
                float upstream = dy[(r * hidden) + i];
                float up = x[at + hidden];
                float slope = TSlope.Apply(x[at], beta, out float value);
                dx[at] = upstream * up * slope;
                dx[at + hidden] = upstream * value;
            }
        }
    }
}
