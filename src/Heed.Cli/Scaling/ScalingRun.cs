using Heed.Training.Scaling;

namespace Heed.Cli.Scaling;

/// <summary>One finished training of the ladder.</summary>
internal sealed record ScalingRun
{
    /// <summary>WIDTHxLAYERS.</summary>
    public required string Size { get; init; }

    public required ulong Seed { get; init; }

    public required long Steps { get; init; }

    /// <summary>N, all of them.</summary>
    public required long Parameters { get; init; }

    /// <summary>N as Kaplan et al. count it: without the tables of the vocabulary and of positions.</summary>
    public required long BodyParameters { get; init; }

    /// <summary>D.</summary>
    public required long Tokens { get; init; }

    /// <summary>The operations of training with those of attention's scores, as counted by <see cref="Heed.Training.MfuEstimate"/>.</summary>
    public required double CountedFlops { get; init; }

    public required double LearningRate { get; init; }

    /// <summary>Over held-out text, in nats per token.</summary>
    public required double Loss { get; init; }

    public required double Seconds { get; init; }

    public ScalingPoint Point => new(Parameters, Tokens, Loss);

    public ScalingPoint BodyPoint => new(BodyParameters, Tokens, Loss);

    /// <summary>Whether this is what the plan asks for.</summary>
    public bool Is(PlannedRun run) => Size == run.Size.ToString() && Seed == run.Seed && Steps == run.Steps;
}
