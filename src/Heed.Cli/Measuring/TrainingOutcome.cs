namespace Heed.Cli.Measuring;

/// <summary>What a <see cref="MeasuredTraining"/> gave.</summary>
internal sealed record TrainingOutcome
{
    /// <summary>Of every step, in nats per token.</summary>
    public required IReadOnlyList<double> Losses { get; init; }

    /// <summary>Over held-out text, in rows as long as those of training.</summary>
    public required double ValidationLoss { get; init; }

    /// <summary>The same in rows of twice the length; null where that was not asked for, or the text is too short.</summary>
    public required double? LongLoss { get; init; }

    /// <summary>What the steps took, measuring left out.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>What a step's activations and temporaries took.</summary>
    public required long StepBytes { get; init; }
}
