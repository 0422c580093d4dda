namespace Heed.Inference.Sampling;

/// <summary>Subtracts from the logits of tokens that occurred, once each: logit − penalty.</summary>
public sealed class PresencePenaltyStep : SamplingStep
{
    private readonly float _penalty;

    /// <summary>A step with a penalty for the tokens of a window.</summary>
    /// <param name="penalty">Finite; below 0 makes tokens that occurred likelier.</param>
    /// <param name="window">How many of the latest tokens count; <see cref="int.MaxValue"/> for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public PresencePenaltyStep(float penalty, int window = int.MaxValue)
    {
        if (!float.IsFinite(penalty)) throw new ArgumentOutOfRangeException(nameof(penalty), penalty, $"PresencePenalty: got {penalty}; expected a finite number.");
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
        foreach ((int token, _) in candidates.Occurrences(Window)) logits[token] -= _penalty;
    }
}
