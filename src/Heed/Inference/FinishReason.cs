namespace Heed.Inference;

/// <summary>Why generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model produced an end token, or the grammar allows nothing more: the text is complete.</summary>
    EndToken,

    /// <summary>One of the stop texts or stop tokens came up.</summary>
    Stop,

    /// <summary>The bound of tokens was reached.</summary>
    MaxTokens,

    /// <summary>The context is full.</summary>
    ContextFull,

    /// <summary>The answer of a chat ended with calls of tools, whose results it waits for.</summary>
    ToolCalls,
}
