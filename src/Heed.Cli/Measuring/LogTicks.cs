namespace Heed.Cli.Measuring;

/// <summary>Round numbers around a range of a logarithmic axis.</summary>
internal static class LogTicks
{
    private const double Narrow = 4, Wide = 100;

    /// <summary>Decades alone where the range is wide, 1, 2 or 5 times powers of ten, or equal steps where it is narrow.</summary>
    public static double[] Of(double low, double high)
    {
        if (high / low < Narrow && high > low * 1.0001) return Even(low, high);
        double[] steps = high / low > Wide ? [1] : [1, 2, 5];
        List<double> ticks = [];
        for (double power = Math.Floor(Math.Log10(low)); power <= Math.Ceiling(Math.Log10(high)) + 1; power++)
            ticks.AddRange(steps.Select(step => step * Math.Pow(10, power)));
        int first = ticks.FindLastIndex(tick => tick <= low * (1 + 1e-9)), last = ticks.FindIndex(tick => tick >= high * (1 - 1e-9));
        return [.. ticks[Math.Max(0, first)..(Math.Max(last, first + 1) + 1)]];
    }

    private static double[] Even(double low, double high)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10((high - low) / 4)));
        double step = new[] { 1.0, 2, 5, 10 }.Select(factor => factor * power).First(candidate => candidate * 7 >= high - low);
        double first = Math.Max(1, Math.Floor(low / step + 1e-9)), last = Math.Ceiling(high / step - 1e-9);
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => Math.Round((first + i) * step, 12))];
    }
}
