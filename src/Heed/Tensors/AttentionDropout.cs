namespace Heed.Tensors;

/// <summary>Dropout of attention's probabilities.</summary>
/// <param name="Rate">The probability of a 0; 0 for no dropout.</param>
/// <param name="Seed">Which ones.</param>
internal readonly record struct AttentionDropout(float Rate, ulong Seed);
