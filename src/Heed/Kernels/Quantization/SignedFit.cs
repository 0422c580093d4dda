using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>
/// Finds x ≈ scale·g, g a number of a grid around zero, with the least weighted square error: from each of many scales that
/// bring the largest number near an end of the grid, round, and solve for the scale by least squares.
/// </summary>
internal static class SignedFit
{
    private const int Reach = 9;
    private const int Refinements = 3;
    private const float Tiny = 1e-12f;

    /// <summary>The best scale, of either sign; 0 for zeros.</summary>
    /// <param name="x">A multiple of eight numbers.</param>
    /// <param name="weights">How much each counts.</param>
    /// <param name="grid">The numbers to round to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Fit<TGrid>(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, TGrid grid) where TGrid : struct, IQuantGrid
    {
        Debug.Assert(x.Length % FitSums.Lanes == 0 && weights.Length == x.Length, "sub-blocks are whole vectors");
        (float low, float high) = FitSums.Range(x);
        float largest = -low > high ? low : high;
        if (!(MathF.Abs(largest) > Tiny)) return 0;
        float best = largest / grid.Lowest;
        double bestGain = -1;
        foreach (float end in (ReadOnlySpan<float>)[grid.Lowest, grid.Highest])
            for (int i = -Reach; i <= Reach; i++) Try(x, weights, grid, (end + i * grid.SearchStep) / largest, ref best, ref bestGain);
        for (int i = 0; i < Refinements; i++)
            if (!Try(x, weights, grid, 1 / best, ref best, ref bestGain)) break;
        return best;
    }

    /// <summary>The weighted square error of rounding to scale·g.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Error<TGrid>(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, TGrid grid, float scale) where TGrid : struct, IQuantGrid
    {
        Vector256<float> s = Vector256.Create(scale), inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale), sum = Vector256<float>.Zero;
        for (int i = 0; i < x.Length; i += FitSums.Lanes)
        {
            Vector256<float> value = FitSums.Load(x, i), error = s * grid.Nearest(value * inverse) - value;
            sum += FitSums.Load(weights, i) * error * error;
        }
        return FitSums.Sum(sum);
    }

    /// <summary>Σw·g·x and Σw·g² of rounding with a scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float Gx, float Gg) Products<TGrid>(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, TGrid grid, float inverse) where TGrid : struct, IQuantGrid
    {
        Vector256<float> times = Vector256.Create(inverse), gx = Vector256<float>.Zero, gg = gx;
        for (int i = 0; i < x.Length; i += FitSums.Lanes)
        {
            Vector256<float> value = FitSums.Load(x, i), g = grid.Nearest(value * times), weighted = FitSums.Load(weights, i) * g;
            gx += weighted * value;
            gg += weighted * g;
        }
        return (FitSums.Sum(gx), FitSums.Sum(gg));
    }

    // The error is Σw·x² less this gain, whatever the scale.
    private static bool Try<TGrid>(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, TGrid grid, float inverse, ref float best, ref double bestGain) where TGrid : struct, IQuantGrid
    {
        (float gx, float gg) = Products(x, weights, grid, inverse);
        double gain = gg > 0 ? (double)gx * gx / gg : -1;
        float scale = gx / gg;
        if (!(gain > bestGain) || !(MathF.Abs(scale) > Tiny)) return false;
        best = scale;
        bestGain = gain;
        return true;
    }
}
