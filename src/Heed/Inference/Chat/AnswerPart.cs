using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>A part of what a model says.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text of an answer, of reasoning or of a problem; empty for a call.</param>
/// <param name="Call">The call; else null.</param>
public sealed record AnswerPart(AnswerPartKind Kind, string Text, ToolCall? Call = null);
