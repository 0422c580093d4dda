namespace Heed.Inference.Sampling;

/// <summary>Keeps tokens that are at least p times as likely as the likeliest (Nguyen et al. 2024, arXiv 2407.01082); so there is always one.</summary>
public sealed class MinPStep : SamplingStep
{
    private readonly float _part;

    /// <summary>A step that keeps what has a part of the likeliest token's probability.</summary>
    /// <param name="part">0 to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public MinPStep(float part)
    {
        if (part is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(part), part, $"MinP: got {part}; expected 0 to 1.");
        _part = part;
    }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.KeepFrom(_part * candidates.MaxWeight());
    }
}
