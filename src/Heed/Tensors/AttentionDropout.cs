namespace Heed.Tensors;

/// <summary>
/// Dropout of attention's probabilities: each is set to 0 with probability <paramref name="Rate"/>, the others are divided by
/// 1 − Rate. Which ones hangs on the seed and their place alone, so a backward pass with the same value replays it.
/// </summary>
/// <param name="Rate">From 0, which is none, up to but excluding 1.</param>
/// <param name="Seed">Of the random stream; another one for every layer and step.</param>
/// <param name="Heads">How many heads a row has of which the call has neighbouring ones, the seed being that of the first; 0 for its own.</param>
internal readonly record struct AttentionDropout(float Rate, ulong Seed, int Heads = 0);
