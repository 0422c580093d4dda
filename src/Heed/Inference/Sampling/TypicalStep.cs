namespace Heed.Inference.Sampling;

/// <summary>
/// Locally typical sampling (Meister et al. 2022, arXiv 2202.00666): keeps the tokens whose information −ln p is nearest to the
/// entropy of all candidates, the fewest that together have probability τ or more. The likeliest token may go; one always stays. Of
/// tokens that are equally near, those with lower ids come first.
/// </summary>
public sealed class TypicalStep : SamplingStep
{
    private readonly double _probability;

    /// <summary>A step that keeps typical tokens.</summary>
    /// <param name="probability">The paper's τ: above 0, at most 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public TypicalStep(float probability)
    {
        if (probability is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(probability), probability, $"Typical: got {probability}; expected above 0, at most 1.");
        _probability = probability;
    }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (_probability == 1) return;
        Span<ulong> keys = candidates.Keys;
        double total = candidates.TotalWeight(), mean = 0, before = 0, enough = _probability * total;
        for (int i = 0; i < keys.Length; i++) mean += candidates.Weight(i) * Math.Log(candidates.Weight(i));
        // The entropy is ln total − mean, a token's information ln total − ln weight: the distance is that of the logarithms.
        mean /= total;
        for (int i = 0; i < keys.Length; i++)
        {
            float distance = (float)Math.Abs(mean - Math.Log(candidates.Weight(i)));
            keys[i] = ((ulong)BitConverter.SingleToUInt32Bits(distance) << 32) | (uint)candidates.Token(i);
        }
        candidates.SortByKeys();
        int kept = 0, count = candidates.Count;
        while (kept < count && before < enough) before += candidates.Weight(kept++);
        if (kept > 0) candidates.Keep(kept);
    }
}
