using System.Numerics.Tensors;

namespace Heed.Kernels.Quantization;

/// <summary>
/// How much each number of a block counts when its scale is chosen. Larger numbers count more, since they move the output
/// more often; an importance, the mean square of the input that the number's column is multiplied with, multiplies that.
/// </summary>
internal static class ElementWeights
{
    /// <summary>For blocks with a minimum: √(mean of squares) + |x|, or importance · √(mean of squares + x²).</summary>
    /// <param name="x">The numbers of one sub-block.</param>
    /// <param name="importance">One for each number, 0 or more; empty for none.</param>
    /// <param name="weights">As long as <paramref name="x"/>.</param>
    public static void ForAffine(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<float> weights)
    {
        if (Important(x, importance, weights)) return;
        float mean = MathF.Sqrt(MeanSquare(x));
        for (int i = 0; i < x.Length; i++) weights[i] = mean + MathF.Abs(x[i]);
    }

    /// <summary>For blocks around zero: 4 · mean of squares + x², or importance · √(mean of squares + x²).</summary>
    public static void ForSigned(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<float> weights)
    {
        if (Important(x, importance, weights)) return;
        float floor = 4 * MeanSquare(x);
        for (int i = 0; i < x.Length; i++) weights[i] = floor + x[i] * x[i];
    }

    // A sub-block that no input ever reached is weighed as if nothing were known.
    private static bool Important(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<float> weights)
    {
        if (importance.IsEmpty) return false;
        float most = TensorPrimitives.Max(importance);
        if (!(most > 0)) return false;
        float mean = MeanSquare(x);
        for (int i = 0; i < x.Length; i++) weights[i] = importance[i] / most * MathF.Sqrt(mean + x[i] * x[i]);
        return true;
    }

    // In one order on every machine, which a vectorized sum would not promise.
    private static float MeanSquare(ReadOnlySpan<float> x)
    {
        float sum = 0;
        foreach (float value in x) sum += value * value;
        return sum / x.Length;
    }
}
