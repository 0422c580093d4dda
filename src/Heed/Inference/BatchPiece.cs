namespace Heed.Inference;

/// <summary>A piece of one of a batch's texts.</summary>
/// <param name="Row">Which of the requests, from 0.</param>
/// <param name="Piece">The piece; null where an error ended this text.</param>
/// <param name="Error">What ended this text alone, for instance a prompt longer than the context; the others go on.</param>
public sealed record BatchPiece(int Row, CompletionPiece? Piece, Exception? Error = null);
