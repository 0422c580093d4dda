namespace Heed.Cli.Measuring;

/// <summary>What a <see cref="LogChart"/> draws in one colour.</summary>
/// <param name="Name">What stands beside its last point; empty for nothing.</param>
/// <param name="Points">By rising x, all above 0.</param>
internal sealed record LogSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Dots instead of a line.</summary>
    public bool IsDots { get; init; }

    public bool IsDashed { get; init; }

    /// <summary>Series of the same number have the same colour; its place among the series if null.</summary>
    public int? Colour { get; init; }

    /// <summary>An area around the line; empty for none.</summary>
    public IReadOnlyList<(double X, double Low, double High)> Band { get; init; } = [];
}
