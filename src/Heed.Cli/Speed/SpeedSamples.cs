using System.Globalization;

namespace Heed.Cli.Speed;

/// <summary>Figures of one thing over some rounds.</summary>
internal sealed record SpeedSamples(IReadOnlyList<double> Rounds)
{
    private readonly double[] _sorted = [.. Rounds.Order()];

    public double Median => _sorted.Length % 2 == 1 ? _sorted[_sorted.Length / 2] : (_sorted[(_sorted.Length / 2) - 1] + _sorted[_sorted.Length / 2]) / 2;

    public double Least => _sorted[0];

    public double Greatest => _sorted[^1];

    /// <summary>The median, and the least and greatest in brackets.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:F1} ({Least:F1}–{Greatest:F1})");
}
