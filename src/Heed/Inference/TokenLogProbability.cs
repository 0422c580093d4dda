namespace Heed.Inference;

/// <summary>How likely a token is by the model's own distribution: before temperature, penalties and cuts.</summary>
/// <param name="Token">Its id.</param>
/// <param name="LogProbability">The natural logarithm of its probability.</param>
public readonly record struct TokenLogProbability(int Token, float LogProbability);
