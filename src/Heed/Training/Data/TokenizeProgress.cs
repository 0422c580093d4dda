namespace Heed.Training.Data;

/// <summary>How far the encoding of a text has come.</summary>
/// <param name="BytesRead">Bytes of text files read.</param>
/// <param name="TotalBytes">Of how many; 0 where that is not known.</param>
/// <param name="Tokens">Tokens made.</param>
/// <param name="Documents">Documents begun.</param>
public readonly record struct TokenizeProgress(long BytesRead, long TotalBytes, long Tokens, long Documents);
