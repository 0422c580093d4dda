namespace Heed.Kernels.Quantization;

/// <summary>
/// Scale and whole numbers of a block of 32: by ggml's own plain rule, to the bit, where nothing is known of the inputs, and by
/// a least-squares search where an importance is given.
/// </summary>
internal static class SimpleRounding
{
    /// <summary>The smallest scale with a finite reciprocal.</summary>
    public const float Smallest = 1.2e-38f;

    /// <summary>d of x ≈ d·(q − half).</summary>
    public static float Signed(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, int half, Span<byte> quants)
    {
        float d = Largest(x) / -half;
        double inverse = Math.Abs(d) >= Smallest ? 1 / d : 0;
        if (!importance.IsEmpty)
        {
            Span<float> weights = stackalloc float[BlockSizes.Simple];
            ElementWeights.ForSigned(x, importance, weights);
            d = HalfScale.Round(SignedFit.Fit(x, weights, new UniformGrid(half)));
            inverse = d == 0 ? 0 : 1 / d;
        }
        // In double, as ggml's fused multiply-add has it.
        for (int j = 0; j < x.Length; j++) quants[j] = (byte)Math.Clamp((int)(x[j] * inverse + (half + 0.5)), 0, 2 * half - 1);
        return d;
    }

    /// <summary>d and m of x ≈ d·q + m.</summary>
    public static (float D, float M) Affine(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, int levels, Span<byte> quants)
    {
        (float low, float high) = FitSums.Range(x);
        float d = (high - low) / levels, m = low;
        if (!importance.IsEmpty)
        {
            Span<float> weights = stackalloc float[BlockSizes.Simple];
            ElementWeights.ForAffine(x, importance, weights);
            (d, m) = AffineFit.Fit(x, weights, levels, free: true);
            (d, m) = (HalfScale.Round(d), HalfScale.Round(m));
        }
        float inverse = d >= Smallest ? 1 / d : 0;
        for (int j = 0; j < x.Length; j++) quants[j] = (byte)Math.Clamp((int)((x[j] - m) * inverse + 0.5f), 0, levels);
        return (d, m);
    }

    /// <summary>The number of the largest magnitude, the first of several.</summary>
    private static float Largest(ReadOnlySpan<float> x)
    {
        float largest = 0;
        foreach (float value in x)
            if (MathF.Abs(value) > MathF.Abs(largest)) largest = value;
        return largest;
    }
}
