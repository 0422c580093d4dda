namespace Heed.Inference.Sampling;

/// <summary>Keeps the k likeliest tokens; of equally likely ones those with lower ids. All where there are fewer.</summary>
public sealed class TopKStep : SamplingStep
{
    private readonly int _count;

    /// <summary>A step that keeps <paramref name="count"/> tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public TopKStep(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _count = count;
    }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.KeepGreatest(_count);
    }
}
