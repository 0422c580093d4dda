namespace Heed.Training.Data;

/// <summary>A text that an encoder reads and the one that its decoder is to write.</summary>
/// <param name="Source">What is read.</param>
/// <param name="Target">What is written.</param>
public sealed record TextPair(string Source, string Target);
