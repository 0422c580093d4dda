namespace Heed.Inference.Sampling;

/// <summary>Takes tokens out: their logits become −∞.</summary>
public sealed class BannedTokensStep : SamplingStep
{
    private readonly int[] _tokens;

    /// <summary>A step that takes <paramref name="tokens"/> out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is negative.</exception>
    public BannedTokensStep(IReadOnlyList<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _tokens = [.. tokens.Distinct()];
        foreach (int token in _tokens)
            if (token < 0) throw new ArgumentOutOfRangeException(nameof(tokens), token, $"BannedTokens: got token {token}; expected 0 or more.");
    }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        Span<float> logits = candidates.Logits;
        foreach (int token in _tokens) logits[token] = float.NegativeInfinity;
    }

    internal override void Check(int vocabSize)
    {
        foreach (int token in _tokens)
            if (token >= vocabSize) throw new ArgumentOutOfRangeException(nameof(vocabSize), $"BannedTokens: token {token} is not in the vocabulary of {vocabSize}.");
        if (_tokens.Length == vocabSize) throw new ArgumentException($"BannedTokens: all {vocabSize} tokens of the vocabulary are banned; expected one at least that is not.", nameof(vocabSize));
    }
}
