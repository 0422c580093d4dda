using System.Globalization;
using Heed.Training;

namespace Heed.Cli.Learning;

/// <summary>The numbers of a step as people read them.</summary>
internal static class StepText
{
    public static string Of(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    public static string Rate(double rate) => Of(rate, "0.0#e+0");

    public static string Speed(TrainingStep step) => Of(step.TokensPerSecond, "N0");

    public static string Percent(double part) => Of(100 * part, "F1") + " %";

    /// <summary>"step 120/2000  loss 2.3412 …" on one line.</summary>
    public static string Line(TrainingStep step)
    {
        string validation = step.ValidationLoss is { } loss ? $"  validation {Of(loss, "F4")}" : "";
        string mfu = step.Mfu is { } part ? $"  mfu {Percent(part)}" : "";
        string left = step.Number < step.Steps ? $"  {CommandText.Duration(step.TimeLeft)} left" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"step {step.Number}/{step.Steps}  loss {step.Loss:F4}{validation}  lr {Rate(step.LearningRate)}  norm {step.GradientNorm:F2}  {step.TokensPerSecond:N0} tok/s{mfu}{left}");
    }
}
