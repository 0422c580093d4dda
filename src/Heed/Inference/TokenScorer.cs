namespace Heed.Inference;

/// <summary>Reads log-probabilities of tokens, and of the likeliest in their place, from a model's logits.</summary>
/// <param name="top">How many of the likeliest; of equally likely ones those with lower ids.</param>
internal sealed class TokenScorer(int top)
{
    private readonly int[] _best = new int[top];

    /// <summary>A scorer for what the options ask for, or null.</summary>
    public static TokenScorer? Of(GenerationOptions options) =>
        options.LogProbabilities || options.TopLogProbabilities > 0 ? new TokenScorer(options.TopLogProbabilities) : null;

    /// <summary>What the logits say of a token.</summary>
    /// <exception cref="ArithmeticException">They are no distribution.</exception>
    public TokenScore Score(ReadOnlySpan<float> logits, int token)
    {
        Sampler.Check("LogProbabilities", logits);
        (float Max, double Log) total = Sampler.LogTotal(logits);
        TokenLogProbability[] likeliest = new TokenLogProbability[Likeliest(logits)];
        for (int i = 0; i < likeliest.Length; i++) likeliest[i] = new TokenLogProbability(_best[i], Sampler.LogProbability(logits, _best[i], total));
        return new TokenScore(Sampler.LogProbability(logits, token, total), likeliest);
    }

    /// <summary>Finds the likeliest possible tokens.</summary>
    /// <returns>Their number.</returns>
    private int Likeliest(ReadOnlySpan<float> logits)
    {
        int found = 0;
        if (_best.Length == 0) return 0;
        for (int token = 0; token < logits.Length; token++)
        {
            float logit = logits[token];
            if (found == _best.Length && !(logit > logits[_best[^1]]) || float.IsNegativeInfinity(logit)) continue;
            int place = found < _best.Length ? found++ : found - 1;
            for (; place > 0 && logits[_best[place - 1]] < logit; place--) _best[place] = _best[place - 1];
            _best[place] = token;
        }
        return found;
    }
}
