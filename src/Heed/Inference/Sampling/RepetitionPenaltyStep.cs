namespace Heed.Inference.Sampling;

/// <summary>Divides positive and multiplies other logits of tokens that occurred, once each (Keskar et al. 2019, arXiv 1909.05858).</summary>
public sealed class RepetitionPenaltyStep : SamplingStep
{
    private readonly float _penalty;

    /// <summary>A step with a penalty for the tokens of a window.</summary>
    /// <param name="penalty">Above 0; 1 changes nothing, and above 1 makes tokens that occurred less likely.</param>
    /// <param name="window">How many of the latest tokens count; <see cref="int.MaxValue"/> for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public RepetitionPenaltyStep(float penalty, int window = int.MaxValue)
    {
        if (!(penalty > 0) || !float.IsFinite(penalty)) throw new ArgumentOutOfRangeException(nameof(penalty), penalty, $"RepetitionPenalty: got {penalty}; expected a finite number above 0.");
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
        foreach ((int token, _) in candidates.Occurrences(Window))
        {
            float logit = logits[token];
            logits[token] = logit > 0 ? logit / _penalty : logit * _penalty;
        }
    }
}
