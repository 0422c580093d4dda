namespace Heed.Inference.Sampling;

/// <summary>Subtracts from a token's logit for each time that it occurred: logit − times · penalty.</summary>
public sealed class FrequencyPenaltyStep : SamplingStep
{
    private readonly float _penalty;

    /// <summary>A step with a penalty for the tokens of a window.</summary>
    /// <param name="penalty">Finite; below 0 makes tokens that occurred likelier.</param>
    /// <param name="window">How many of the latest tokens count; <see cref="int.MaxValue"/> for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public FrequencyPenaltyStep(float penalty, int window = int.MaxValue)
    {
        if (!float.IsFinite(penalty)) throw new ArgumentOutOfRangeException(nameof(penalty), penalty, $"FrequencyPenalty: got {penalty}; expected a finite number.");
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        (_penalty, Window) = (penalty, window);
    }

    /// <inheritdoc/>
    public override int Window { get; }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        Span<float> logits = candidates.Logits;
        foreach ((int token, int times) in candidates.Occurrences(Window)) logits[token] -= times * _penalty;
    }
}
