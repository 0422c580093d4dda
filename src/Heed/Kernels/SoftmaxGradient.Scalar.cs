namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class SoftmaxGradient
{
    public static void RunScalar(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, int rows, int cols, Span<float> dx)
    {
        Span<float> lanes = stackalloc float[16];
        for (int r = 0; r < rows; r++)
        {
            int at = r * cols;
            lanes.Clear();
            for (int i = 0; i < cols; i++) lanes[i % 16] = MathF.FusedMultiplyAdd(dy[at + i], y[at + i], lanes[i % 16]);
            float dot = VectorMath.SumLanes(lanes);
            for (int i = 0; i < cols; i++) dx[at + i] = y[at + i] * (dy[at + i] - dot);
        }
    }
}
