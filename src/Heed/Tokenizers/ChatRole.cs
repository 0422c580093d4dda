namespace Heed.Tokenizers;

/// <summary>Who speaks in a chat.</summary>
public enum ChatRole
{
    /// <summary>The instructions that stand above the conversation.</summary>
    System,

    /// <summary>The person.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>A tool that the model called: its result.</summary>
    Tool,
}
