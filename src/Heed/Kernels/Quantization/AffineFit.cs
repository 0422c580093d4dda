using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>
/// Finds x ≈ scale·q + offset, q a whole number from 0 to <c>levels</c>, with the least weighted square error: from each of
/// many scales around the one that spans the range, round, and solve for scale and offset by least squares.
/// </summary>
internal static class AffineFit
{
    private const float FirstShift = -0.9f, ShiftStep = 0.1f;
    private const int Shifts = 19;
    private const int Refinements = 3;

    // Far below what a 16-bit scale can express.
    private const float Tiny = 1e-12f;

    /// <summary>The best scale, 0 or more, and offset, which is 0 or less unless <paramref name="free"/>.</summary>
    /// <param name="x">A multiple of eight numbers.</param>
    /// <param name="weights">How much each counts.</param>
    /// <param name="levels">The largest q.</param>
    /// <param name="free">Whether the offset may be above 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Scale, float Offset) Fit(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, int levels, bool free)
    {
        Debug.Assert(x.Length % FitSums.Lanes == 0 && weights.Length == x.Length, "sub-blocks are whole vectors");
        (float low, float high) = FitSums.Range(x);
        if (!free && low > 0) low = 0;
        float range = high - low;
        if (!(range > Tiny)) return (0, low);
        Totals totals = Totals.Of(x, weights);
        Solution best = new(range / levels, low, double.PositiveInfinity);
        for (int i = 0; i < Shifts; i++)
        {
            Solution found = Solve(x, weights, totals, (levels + FirstShift + i * ShiftStep) / range, low, levels, free);
            if (found.Error < best.Error) best = found;
        }
        for (int i = 0; i < Refinements; i++)
        {
            Solution found = Solve(x, weights, totals, 1 / best.Scale, best.Offset, levels, free);
            if (!(found.Error < best.Error)) break;
            best = found;
        }
        return (best.Scale, best.Offset);
    }

    /// <summary>The weighted square error of rounding to scale·q − minimum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Error(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, float scale, float minimum, int levels)
    {
        Vector256<float> s = Vector256.Create(scale), m = Vector256.Create(minimum), inverse = Vector256.Create(scale > 0 ? 1 / scale : 0f);
        Vector256<float> top = Vector256.Create((float)levels), sum = Vector256<float>.Zero;
        for (int i = 0; i < x.Length; i += FitSums.Lanes)
        {
            Vector256<float> value = FitSums.Load(x, i);
            Vector256<float> error = s * FitSums.Level((value + m) * inverse, top) - m - value;
            sum += FitSums.Load(weights, i) * error * error;
        }
        return FitSums.Sum(sum);
    }

    private static Solution Solve(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, in Totals totals, float inverse, float offset, int levels, bool free)
    {
        Vector256<float> times = Vector256.Create(inverse), from = Vector256.Create(offset), top = Vector256.Create((float)levels);
        Vector256<float> q = Vector256<float>.Zero, qq = q, qx = q;
        for (int i = 0; i < x.Length; i += FitSums.Lanes)
        {
            Vector256<float> value = FitSums.Load(x, i);
            Vector256<float> level = FitSums.Level((value - from) * times, top), weighted = FitSums.Load(weights, i) * level;
            q += weighted;
            qq += weighted * level;
            qx += weighted * value;
        }
        return totals.Solve(FitSums.Sum(q), FitSums.Sum(qq), FitSums.Sum(qx), free);
    }

    private readonly record struct Solution(float Scale, float Offset, double Error);

    /// <summary>Σw, Σw·x and Σw·x², which no candidate changes.</summary>
    private readonly record struct Totals(double W, double X, double Xx)
    {
        public static Totals Of(ReadOnlySpan<float> x, ReadOnlySpan<float> weights)
        {
            Vector256<float> w = Vector256<float>.Zero, wx = w, wxx = w;
            for (int i = 0; i < x.Length; i += FitSums.Lanes)
            {
                Vector256<float> value = FitSums.Load(x, i), weight = FitSums.Load(weights, i);
                w += weight;
                wx += weight * value;
                wxx += weight * value * value;
            }
            return new Totals(FitSums.Sum(w), FitSums.Sum(wx), FitSums.Sum(wxx));
        }

        public Solution Solve(double q, double qq, double qx, bool free)
        {
            Solution none = new(0, 0, double.PositiveInfinity);
            double determinant = W * qq - q * q;
            if (!(determinant > 0)) return none;
            double scale = (W * qx - X * q) / determinant, offset = (qq * X - q * qx) / determinant;
            if (offset > 0 && !free)
            {
                offset = 0;
                scale = qx / qq;
            }
            if (!(scale > Tiny)) return none;
            return new((float)scale, (float)offset, Xx - 2 * (scale * qx + offset * X) + scale * scale * qq + 2 * scale * offset * q + offset * offset * W);
        }
    }
}
