namespace Heed.Inference.Beams;

/// <summary>A text that a beam search has found.</summary>
/// <param name="Text">The text, up to a stop text.</param>
/// <param name="TokenIds">Its tokens, an end token or those of a stop text included.</param>
/// <param name="Score">What the search ranks by: the log-probability of the text over ((5 + n) / 6)^α, n being the number of its tokens, an end token included; that of the model where no bias, ban, penalty or grammar changes it.</param>
/// <param name="LogProbability">The natural log-probability of the text by the model's own distribution: the sum of <paramref name="LogProbabilities"/>.</param>
/// <param name="LogProbabilities">The natural log-probability of each token by the model's own distribution, before biases, bans, penalties and grammar.</param>
/// <param name="FinishReason">Why it ends.</param>
public sealed record BeamHypothesis(string Text, IReadOnlyList<int> TokenIds, double Score, double LogProbability, IReadOnlyList<float> LogProbabilities, FinishReason FinishReason);
