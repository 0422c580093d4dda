namespace Heed.Training;

/// <summary>
/// The learning rate of every step: a linear warm-up, then constant, or a linear or cosine fall to a floor (the cosine after
/// Loshchilov and Hutter 2016, arXiv 1608.03983).
/// </summary>
/// <param name="Kind">What follows the warm-up.</param>
/// <param name="Peak">The highest rate.</param>
/// <param name="Steps">The number of all steps; the fall ends there.</param>
/// <param name="WarmupSteps">The number of steps below the peak at the beginning.</param>
/// <param name="MinRatio">The floor as a fraction of the peak.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind, double Peak, long Steps, long WarmupSteps = 0, double MinRatio = 0)
{
    /// <summary>
    /// The rate of step s, counted from 0, for W warm-up steps of S: Peak·(s + 1)/(W + 1) while s is below W; afterwards, with
    /// p = (s − W)/(S − W) up to 1, Peak·(MinRatio + (1 − MinRatio)·f(p)) where f is 1, 1 − p, or (1 + cos πp)/2.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative.</exception>
    public double At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (step < WarmupSteps) return Peak * (step + 1) / (WarmupSteps + 1);
        double progress = Steps <= WarmupSteps ? 1 : Math.Min(1, (double)(step - WarmupSteps) / (Steps - WarmupSteps));
        double height = Kind switch
        {
            ScheduleKind.Linear => 1 - progress,
            ScheduleKind.Cosine => (1 + Math.Cos(Math.PI * progress)) / 2,
            _ => 1,
        };
        return Peak * (MinRatio + (1 - MinRatio) * height);
    }
}
