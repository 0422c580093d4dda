namespace Heed.Training.Scaling;

/// <summary>A number that was fitted, with the bounds that hold it at the fit's confidence.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Low">The lower bound.</param>
/// <param name="High">The upper bound.</param>
public readonly record struct ScalingEstimate(double Value, double Low, double High)
{
    /// <summary>Whether a number lies within the bounds.</summary>
    public bool Covers(double value) => Low <= value && value <= High;
}
