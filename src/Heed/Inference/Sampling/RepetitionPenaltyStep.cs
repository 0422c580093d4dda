namespace Heed.Inference.Sampling;

/// <summary>Divides positive and multiplies other logits of tokens that occurred, once each (Keskar et al. 2019, arXiv 1909.05858).</summary>
public sealed class RepetitionPenaltyStep : OccurrencePenaltyStep
{
    /// <summary>A step with a penalty for the tokens of a window.</summary>
    /// <param name="penalty">Above 0; 1 changes nothing, and above 1 makes tokens that occurred less likely.</param>
    /// <param name="window">How many of the latest tokens count; <see cref="int.MaxValue"/> for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public RepetitionPenaltyStep(float penalty, int window = int.MaxValue) : base(Positive(penalty), window)
    {
    }

    private protected override float Penalize(float logit, int times) => logit > 0 ? logit / Penalty : logit * Penalty;

    private static float Positive(float penalty) =>
        penalty > 0 && float.IsFinite(penalty) ? penalty : throw new ArgumentOutOfRangeException(nameof(penalty), penalty, $"RepetitionPenalty: got {penalty}; expected a finite number above 0.");
}
