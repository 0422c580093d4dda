using Heed.Training.Scaling;

namespace Heed.Cli.Scaling;

/// <summary>A power law of one thing alone, or why there is none.</summary>
internal sealed class PowerFinding
{
    public PowerFinding(string name, string of, IReadOnlyList<(double X, double Loss)> points)
    {
        (Name, Of, Points) = (name, of, points);
        try
        {
            Fit = PowerLawFit.Fit(points);
        }
        catch (ArgumentException e)
        {
            NoFit = ScalingFindings.Reason(e);
        }
    }

    public string Name { get; }

    /// <summary>What X is.</summary>
    public string Of { get; }

    public IReadOnlyList<(double X, double Loss)> Points { get; }

    public PowerLawFit? Fit { get; }

    public string? NoFit { get; }
}
