namespace Heed.Inference.Sampling;

/// <summary>Subtracts from the logits of tokens that occurred, once each: logit − penalty.</summary>
public sealed class PresencePenaltyStep : OccurrencePenaltyStep
{
    /// <summary>A step with a penalty for the tokens of a window.</summary>
    /// <param name="penalty">Finite; below 0 makes tokens that occurred likelier.</param>
    /// <param name="window">How many of the latest tokens count; <see cref="int.MaxValue"/> for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public PresencePenaltyStep(float penalty, int window = int.MaxValue) : base(Finite("PresencePenalty", penalty), window)
    {
    }

    private protected override float Penalize(float logit, int times) => logit - Penalty;
}
