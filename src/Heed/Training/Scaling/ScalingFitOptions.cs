namespace Heed.Training.Scaling;

/// <summary>How a <see cref="ScalingFit"/> is made.</summary>
public sealed record ScalingFitOptions
{
    /// <summary>δ of the Huber loss on differences of log losses: beyond it a difference counts linearly. The paper's is 0.001.</summary>
    public double HuberDelta { get; init; } = 1e-3;

    /// <summary>How often the fit is repeated on resampled residuals for the bounds.</summary>
    public int Resamples { get; init; } = 400;

    /// <summary>The share of the resampled fits that lies within the bounds.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Decides the resampling.</summary>
    public ulong Seed { get; init; } = 1;

    internal void Check()
    {
        if (!(HuberDelta > 0 && double.IsFinite(HuberDelta))) throw new ArgumentException($"ScalingFitOptions: HuberDelta is {HuberDelta}; expected a number above 0.");
        if (Resamples < 10) throw new ArgumentException($"ScalingFitOptions: Resamples is {Resamples}; expected 10 or more.");
        if (!(Confidence is > 0 and < 1)) throw new ArgumentException($"ScalingFitOptions: Confidence is {Confidence}; expected above 0, below 1.");
    }
}
