namespace Heed.Inference.Sampling;

/// <summary>
/// Nucleus sampling (Holtzman et al. 2019, arXiv 1904.09751): keeps the likeliest tokens that together have probability p, the one
/// that crosses p among them; so there is always one. Of equally likely tokens those with lower ids come first.
/// </summary>
public sealed class TopPStep : SamplingStep
{
    // What a token must be worth to be looked at is cut this much lower, so that rounding never decides.
    private const double Slack = 0.999;
    private readonly double _probability;
    private readonly TopPBoundary _boundary;

    /// <summary>A step that keeps a nucleus.</summary>
    /// <param name="probability">Above 0, at most 1.</param>
    /// <param name="boundary">What becomes of the token after a sum of p exactly.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability is out of range.</exception>
    public TopPStep(float probability, TopPBoundary boundary = TopPBoundary.AtMost)
    {
        if (probability is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(probability), probability, $"TopP: got {probability}; expected above 0, at most 1.");
        if (!Enum.IsDefined(boundary)) throw new ArgumentOutOfRangeException(nameof(boundary), boundary, $"TopP: got boundary {(int)boundary}; expected {string.Join(", ", Enum.GetNames<TopPBoundary>())}.");
        (_probability, _boundary) = (probability, boundary);
    }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (_probability == 1) return;
        double total = candidates.TotalWeight(), before = 0, enough = _probability * total;
        // A token below this cannot be in the nucleus: those from it on would not sum up to the missing 1 − p. What is not in it need not be sorted.
        if (!candidates.IsSorted) candidates.KeepFrom(Math.Min(candidates.MaxWeight(), total * (1 - _probability) / Math.Max(1, candidates.Count - 1) * Slack));
        candidates.Sort();
        int kept = 0, count = candidates.Count;
        while (kept < count && (before < enough || before == enough && _boundary == TopPBoundary.AtMost)) before += candidates.Weight(kept++);
        if (kept > 0) candidates.Keep(kept);
    }
}
