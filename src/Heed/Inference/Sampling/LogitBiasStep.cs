namespace Heed.Inference.Sampling;

/// <summary>Adds to the logits of some tokens: logit + bias; −∞ bans a token. A logit of −∞ stays what it is.</summary>
public sealed class LogitBiasStep : SamplingStep
{
    private readonly KeyValuePair<int, float>[] _biases;

    /// <summary>A step that adds <paramref name="biases"/>, by token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is negative, or a bias NaN or +∞.</exception>
    public LogitBiasStep(IReadOnlyDictionary<int, float> biases)
    {
        ArgumentNullException.ThrowIfNull(biases);
        _biases = [.. biases];
        foreach ((int token, float bias) in _biases)
        {
            if (token < 0) throw new ArgumentOutOfRangeException(nameof(biases), token, $"LogitBias: got token {token}; expected 0 or more.");
            if (!(bias < float.PositiveInfinity)) throw new ArgumentOutOfRangeException(nameof(biases), bias, $"LogitBias: the bias of token {token} is {bias}; expected a finite number, or −∞.");
        }
    }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        Span<float> logits = candidates.Logits;
        foreach ((int token, float bias) in _biases) logits[token] += bias;
    }

    internal override void Check(int vocabSize)
    {
        foreach ((int token, _) in _biases)
            if (token >= vocabSize) throw new ArgumentOutOfRangeException(nameof(vocabSize), $"LogitBias: token {token} is not in the vocabulary of {vocabSize}.");
    }
}
