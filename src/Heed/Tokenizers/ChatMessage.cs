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
}

/// <summary>One message of a chat.</summary>
/// <param name="Role">Who says it.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatMessage(ChatRole Role, string Content);
