namespace Heed.Inference.Sampling;

/// <summary>How often a token occurred.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Times">How often; 1 or more.</param>
public readonly record struct TokenCount(int Token, int Times);
