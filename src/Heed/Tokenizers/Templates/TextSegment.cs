namespace Heed.Tokenizers.Templates;

/// <summary>A part of a rendered chat.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsTrusted">Whether the template wrote it, so that it may spell special tokens; what came with a message, a tool or a variable may not.</param>
/// <param name="IsAnswer">Whether it stands between the template's <c>generation</c> and <c>endgeneration</c>: what the model is to learn to say.</param>
public sealed record TextSegment(string Text, bool IsTrusted, bool IsAnswer);
