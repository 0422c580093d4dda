namespace Heed.Training;

/// <summary>What a step of training did.</summary>
public sealed record TrainingStep
{
    /// <summary>The number of the step, from 1.</summary>
    public required long Number { get; init; }

    /// <summary>The number of all steps.</summary>
    public long Steps { get; init; }

    /// <summary>The mean loss over the step's targets, in nats, before the step moved the weights; 0 where nothing counts.</summary>
    public double Loss { get; init; }

    /// <summary>The learning rate.</summary>
    public double LearningRate { get; init; }

    /// <summary>The norm of all gradients together, before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Tokens through the step, padding included, per second of computing it; validation, samples and checkpoints do not count.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>The share of the peak that the model's arithmetic used; null where no peak is given.</summary>
    public double? Mfu { get; init; }

    /// <summary>The loss over the validation batches, if this step has a validation.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The text written after this step, if it has one.</summary>
    public string? Sample { get; init; }

    /// <summary>The checkpoint written after this step, if it has one.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>All tokens since step 1, padding included.</summary>
    public long Tokens { get; init; }

    /// <summary>The time that training took since step 1, earlier runs included, the reader's own time between steps not.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The time that the steps to come will take at this run's pace.</summary>
    public TimeSpan TimeLeft { get; init; }
}
