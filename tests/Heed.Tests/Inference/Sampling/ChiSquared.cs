namespace Heed.Tests.Inference.Sampling;

/// <summary>Pearson's test of how often things came against how likely they are.</summary>
internal static class ChiSquared
{
    // One right sampler in ten thousand would fail; seeds are fixed, so that none does by chance.
    private const double Normal = 3.719;
    private const double LeastExpected = 5;

    /// <summary>The statistic over its bound: above 1 the counts do not come from the probabilities. Infinite where something came that is impossible.</summary>
    public static double Excess(ReadOnlySpan<int> counts, ReadOnlySpan<double> probabilities)
    {
        int draws = 0, bins = 0;
        foreach (int count in counts) draws += count;
        double statistic = 0, rare = 0;
        int came = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            double expected = probabilities[i] * draws;
            if (expected == 0 && counts[i] > 0) return double.PositiveInfinity;
            if (expected >= LeastExpected)
            {
                statistic += Square(counts[i] - expected) / expected;
                bins++;
                continue;
            }
            // What is too rare to be tested alone is tested together.
            rare += expected;
            came += counts[i];
        }
        if (rare >= LeastExpected)
        {
            statistic += Square(came - rare) / rare;
            bins++;
        }
        return bins < 2 ? 0 : statistic / Bound(bins - 1);
    }

    /// <summary>Wilson and Hilferty's bound for a number of degrees of freedom.</summary>
    private static double Bound(int freedom) => freedom * Math.Pow(1 - 2.0 / (9 * freedom) + Normal * Math.Sqrt(2.0 / (9 * freedom)), 3);

    private static double Square(double value) => value * value;
}
