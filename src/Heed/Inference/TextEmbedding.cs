namespace Heed.Inference;

/// <summary>A text as a vector.</summary>
/// <param name="Vector">The numbers.</param>
/// <param name="Tokens">How many tokens of the text were read, special ones included.</param>
public sealed record TextEmbedding(ReadOnlyMemory<float> Vector, int Tokens);
