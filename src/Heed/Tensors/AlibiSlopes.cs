namespace Heed.Tensors;

/// <summary>
/// The slopes of ALiBi (Press et al. 2021, arXiv 2108.12409): head h subtracts slope·(i − j) from the score of query i and
/// key j, after the scale.
/// </summary>
public static class AlibiSlopes
{
    /// <summary>
    /// 2^(−8h/n) for h = 1 … n where the number of heads n is a power of two; otherwise the slopes of the lower power of two,
    /// then every second one of its double.
    /// </summary>
    /// <param name="heads">The number of query heads, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="heads"/> is below 1.</exception>
    public static float[] For(int heads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        int power = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)heads);
        if (power != heads) power /= 2;
        float[] slopes = new float[heads];
        for (int h = 0; h < heads; h++)
            slopes[h] = (float)(h < power ? Math.Pow(2, -8.0 * (h + 1) / power) : Math.Pow(2, -4.0 * (2 * (h - power) + 1) / power));
        return slopes;
    }
}
