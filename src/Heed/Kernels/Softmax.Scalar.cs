namespace Heed.Kernels;

/// <summary>The scalar twins.</summary>
internal static unsafe partial class Softmax
{
    public static void RunScalar(ReadOnlySpan<float> x, int rows, int cols, Span<float> destination)
    {
        Span<float> lanes = stackalloc float[16];
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = x.Slice(r * cols, cols);
            Span<float> target = destination.Slice(r * cols, cols);
            float max = MaxScalar(row);
            if (max == float.NegativeInfinity)
            {
                target.Clear();
                continue;
            }

            lanes.Clear();
            for (int i = 0; i < cols; i++)
            {
                target[i] = VectorMath.Exp(row[i] - max);
                lanes[i % 16] += target[i];
            }

            float sum = VectorMath.SumLanes(lanes);
            for (int i = 0; i < cols; i++)
            {
                target[i] /= sum;
            }
        }
    }

    public static float LogSumExpScalar(ReadOnlySpan<float> x)
    {
        Span<float> lanes = stackalloc float[16];
        lanes.Clear();
        float max = MaxScalar(x);
        if (max == float.NegativeInfinity)
        {
            return max;
        }

        for (int i = 0; i < x.Length; i++)
        {
            lanes[i % 16] += VectorMath.Exp(x[i] - max);
        }

        return Join(max, VectorMath.SumLanes(lanes));
    }

    private static float MaxScalar(ReadOnlySpan<float> x)
    {
        float max = float.NegativeInfinity;
        foreach (float value in x)
        {
            max = MathF.Max(max, value); // NaN spreads
        }

        return max;
    }
}
