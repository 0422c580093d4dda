namespace Heed.Inference.Sampling;

/// <summary>A step that changes the logits of the tokens that occurred among the latest ones.</summary>
public abstract class OccurrencePenaltyStep : SamplingStep
{
    /// <param name="penalty">How much.</param>
    /// <param name="window">How many of the latest tokens count; <see cref="int.MaxValue"/> for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">The window is below 1.</exception>
    private protected OccurrencePenaltyStep(float penalty, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        (Penalty, Window) = (penalty, window);
    }

    /// <inheritdoc/>
    public sealed override int Window { get; }

    private protected float Penalty { get; }

    /// <inheritdoc/>
    public sealed override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        Span<float> logits = candidates.Logits;
        foreach ((int token, int times) in candidates.Occurrences(Window)) logits[token] = Penalize(logits[token], times);
    }

    /// <summary>The logit of a token that occurred so many times, with the penalty.</summary>
    private protected abstract float Penalize(float logit, int times);

    /// <summary>The penalty, if it is a finite number.</summary>
    private protected static float Finite(string operation, float penalty) =>
        float.IsFinite(penalty) ? penalty : throw new ArgumentOutOfRangeException(nameof(penalty), penalty, $"{operation}: got {penalty}; expected a finite number.");
}
