namespace Heed.Inference.Chat;

/// <summary>What a part of an answer is.</summary>
public enum AnswerPartKind
{
    /// <summary>Text for the reader.</summary>
    Text,

    /// <summary>What the model thinks before it answers.</summary>
    Reasoning,

    /// <summary>A complete call of a tool.</summary>
    ToolCall,

    /// <summary>Why what looked like a call is none; it came out as text.</summary>
    Problem,
}
