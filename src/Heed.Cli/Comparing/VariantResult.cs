namespace Heed.Cli.Comparing;

/// <summary>What became of one variant.</summary>
internal sealed record VariantResult
{
    public required string Name { get; init; }

    /// <summary>What its settings are beside the base's; empty for none.</summary>
    public required string Settings { get; init; }

    public required long Parameters { get; init; }

    /// <summary>The loss of the steps, in nats a token, each number the mean of so many as <see cref="Smoothing"/> says.</summary>
    public required IReadOnlyList<double> Curve { get; init; }

    /// <summary>The loss over what was held out, in rows as long as those of training.</summary>
    public required double ValidationLoss { get; init; }

    /// <summary>The same in rows of twice the length; null where the text is too short.</summary>
    public required double? LongLoss { get; init; }

    public required double TokensPerSecond { get; init; }

    /// <summary>What a step's activations and temporaries took.</summary>
    public required long StepBytes { get; init; }

    /// <summary>How many steps a point of <see cref="Curve"/> stands for.</summary>
    public const int Smoothing = 10;

    /// <summary>What the weights take in float32.</summary>
    public long WeightBytes => sizeof(float) * Parameters;

    /// <summary>The most that a training holds: weights, gradients, AdamW's two moments, and a step's own.</summary>
    public long PeakBytes => 4 * WeightBytes + StepBytes;

    /// <summary>The curve's points by their last steps.</summary>
    public IReadOnlyList<(double Step, double Loss)> Points(long steps) => [.. Curve.Select((loss, i) => ((double)Math.Min(steps, (i + 1) * Smoothing), loss))];
}
