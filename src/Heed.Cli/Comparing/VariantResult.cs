namespace Heed.Cli.Comparing;

/// <summary>What became of one variant.</summary>
internal sealed record VariantResult
{
    public required string Name { get; init; }

    /// <summary>What its settings are beside the base's; empty for none.</summary>
    public required string Settings { get; init; }

    public required long Parameters { get; init; }

    /// <summary>The loss of every step, in nats a token, smoothed over some.</summary>
    public required IReadOnlyList<(double Step, double Loss)> Curve { get; init; }

    /// <summary>The loss over what was held out, in rows as long as those of training.</summary>
    public required double ValidationLoss { get; init; }

    /// <summary>The same in rows of twice the length; null where the text is too short.</summary>
    public required double? LongLoss { get; init; }

    public required double TokensPerSecond { get; init; }

    /// <summary>What a step's activations and temporaries took.</summary>
    public required long StepBytes { get; init; }
}
