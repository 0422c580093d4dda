namespace Heed.Training.Data;

/// <summary>A part of a document. Only long documents come in several parts, which may be encoded one by one where the tokenizer allows it.</summary>
/// <param name="Text">The text, never empty.</param>
/// <param name="EndsDocument">It is the document's last part.</param>
/// <param name="BytesRead">How many bytes of all files were read so far.</param>
public readonly record struct DocumentPiece(string Text, bool EndsDocument, long BytesRead);
