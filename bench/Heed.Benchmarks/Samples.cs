using System.Diagnostics;

namespace Heed.Benchmarks;

/// <summary>Timings of one thing over interleaved rounds.</summary>
internal sealed class Samples
{
    private readonly List<double> _seconds = [];

    /// <summary>The middle sample, in seconds.</summary>
    public double Median => Quantile(0.5);

    public static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Add(double seconds) => _seconds.Add(seconds);

    public double Quantile(double q)
    {
        double[] sorted = [.. _seconds.Order()];
        return sorted[(int)Math.Round(q * (sorted.Length - 1))];
    }

    /// <summary>Work per second in units of 1e9: the median and, in brackets, the quartiles and the fastest.</summary>
    public string Rate(double work) => $"{work / Median / 1e9:F1} ({work / Quantile(0.75) / 1e9:F1}, {work / Quantile(0.25) / 1e9:F1}, {work / Quantile(0) / 1e9:F1})";

    /// <summary>How many times as fast as <paramref name="other"/>: by the medians and, in brackets, by the fastest.</summary>
    public string Against(Samples other) => $"{other.Median / Median:F2} ({other.Quantile(0) / Quantile(0):F2})";
}
