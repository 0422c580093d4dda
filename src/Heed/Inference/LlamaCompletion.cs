namespace Heed.Inference;

/// <summary>A text that <see cref="Llama"/> has written after a prompt.</summary>
/// <param name="Generation">The text; with an echo the prompt's text before it.</param>
/// <param name="TokenIds">Its tokens, without the end token.</param>
/// <param name="Tokens">The text of each token; empty unless log-probabilities were asked for.</param>
/// <param name="LogProbabilities">Of each token, untempered; 0 for a text's very first one. Empty unless asked for.</param>
public sealed record LlamaCompletion(string Generation, IReadOnlyList<int> TokenIds, IReadOnlyList<string> Tokens, IReadOnlyList<float> LogProbabilities);
