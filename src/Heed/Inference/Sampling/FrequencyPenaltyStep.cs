namespace Heed.Inference.Sampling;

/// <summary>Subtracts from a token's logit for each time that it occurred: logit − times · penalty.</summary>
public sealed class FrequencyPenaltyStep : OccurrencePenaltyStep
{
    /// <summary>A step with a penalty for the tokens of a window.</summary>
    /// <param name="penalty">Finite; below 0 makes tokens that occurred likelier.</param>
    /// <param name="window">How many of the latest tokens count; <see cref="int.MaxValue"/> for all.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public FrequencyPenaltyStep(float penalty, int window = int.MaxValue) : base(Finite("FrequencyPenalty", penalty), window)
    {
    }

    private protected override float Penalize(float logit, int times) => logit - (times * Penalty);
}
