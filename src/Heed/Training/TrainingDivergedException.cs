using System.Globalization;

namespace Heed.Training;

/// <summary>The loss or the gradients are no longer numbers. The step was not made; the last checkpoint stays as it is.</summary>
public sealed class TrainingDivergedException : Exception
{
    private const string Advice = "Try a lower learning rate or a longer warm-up.";

    /// <summary>Makes the error.</summary>
    /// <param name="step">The number of the step, from 1.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="gradientNorm">The norm of its gradients.</param>
    /// <param name="checkpoint">The last good checkpoint, or null.</param>
    public TrainingDivergedException(long step, double loss, double gradientNorm, string? checkpoint)
        : base(string.Create(CultureInfo.InvariantCulture,
            $"Training diverged at step {step}: the loss is {loss}, the gradients' norm {gradientNorm}; expected finite numbers. {Last(checkpoint)}. {Advice}"))
    {
        Step = step;
        Loss = loss;
        GradientNorm = gradientNorm;
        Checkpoint = checkpoint;
    }

    /// <summary>Makes the error of a step whose loss was finite but which moved a weight out of the numbers.</summary>
    /// <param name="step">The number of the step, from 1.</param>
    /// <param name="checkpoint">The last good checkpoint, or null.</param>
    internal TrainingDivergedException(long step, string? checkpoint)
        : base($"Training diverged at step {step}: a weight is no longer finite. {Last(checkpoint)}. {Advice}")
    {
        Step = step;
        Loss = double.NaN;
        GradientNorm = double.NaN;
        Checkpoint = checkpoint;
    }

    /// <summary>The number of the step, from 1.</summary>
    public long Step { get; }

    /// <summary>Its loss.</summary>
    public double Loss { get; }

    /// <summary>The norm of its gradients.</summary>
    public double GradientNorm { get; }

    /// <summary>The last good checkpoint, or null.</summary>
    public string? Checkpoint { get; }

    private static string Last(string? checkpoint) => checkpoint is null ? "There is no checkpoint yet" : $"The last good checkpoint is '{checkpoint}'";
}
