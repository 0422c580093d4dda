namespace Heed.Models.Checkpoints;

/// <summary>The file of a checkpoint's weights in the order in which they are multiplied.</summary>
/// <param name="Path">The file.</param>
/// <param name="IsMapped">Whether the weights are mapped from it; else they were repacked in memory, and it was written anew.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="Replaced">Why a file that was there could not be used, or null.</param>
public sealed record RepackedWeights(string Path, bool IsMapped, long Bytes, string? Replaced);
