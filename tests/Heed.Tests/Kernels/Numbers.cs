namespace Heed.Tests.Kernels;

/// <summary>Test vectors and bit-wise comparison.</summary>
internal static class Numbers
{
    public static readonly float[] Special =
    [
        0f, -0f, 1f, -1f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, float.Epsilon, 1e-38f, -1e-38f,
        88.72283f, 88.7229f, -87.3365f, -87.34f, 0.925f, 0.63f, 4f, -4f, 100f, -100f, BitConverter.Int32BitsToSingle(0x7FC00123),
    ];

    public static float[] Random(int seed, int count, float scale = 2f)
    {
        Random random = new(seed);
        float[] x = new float[count];
        for (int i = 0; i < count; i++)
        {
            x[i] = (float)((random.NextDouble() - 0.5) * 2 * scale);
        }

        return x;
    }

    /// <summary>Equal bits, or both NaN.</summary>
    public static void ShouldHaveBitsOf(this ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, string what)
    {
        actual.Length.ShouldBe(expected.Length, what);
        for (int i = 0; i < actual.Length; i++)
        {
            if (float.IsNaN(actual[i]) && float.IsNaN(expected[i]))
            {
                continue;
            }

            if (BitConverter.SingleToInt32Bits(actual[i]) != BitConverter.SingleToInt32Bits(expected[i]))
            {
                throw new ShouldAssertException($"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R}");
            }
        }
    }

    public static void ShouldHaveBitsOf(this float[] actual, float[] expected, string what)
        => ((ReadOnlySpan<float>)actual).ShouldHaveBitsOf(expected, what);

    public static double UlpError(float actual, double expected)
    {
        double magnitude = Math.Max(Math.Abs(expected), 1.17549435e-38);
        double ulp = Math.Pow(2, Math.Floor(Math.Log2(magnitude)) - 23);
        return Math.Abs(actual - expected) / ulp;
    }
}
