namespace Heed.Inference;

/// <summary>What the model thought of a token before it came.</summary>
/// <param name="LogProbability">Its log-probability.</param>
/// <param name="Top">The likeliest tokens in its place, the likeliest first.</param>
internal sealed record TokenScore(float LogProbability, IReadOnlyList<TokenLogProbability> Top)
{
    /// <summary>Of a text's first token, which nothing foretells.</summary>
    public static TokenScore First { get; } = new(0, []);
}
