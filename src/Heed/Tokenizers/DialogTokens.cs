namespace Heed.Tokenizers;

/// <summary>A dialog as ids, with what the model itself is to say.</summary>
/// <param name="Ids">The ids.</param>
/// <param name="IsAnswer">For each id whether it is the model's: a token of an answer or the marker that ends it.</param>
public sealed record DialogTokens(int[] Ids, bool[] IsAnswer);
