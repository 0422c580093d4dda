namespace Heed.Tokenizers;

/// <summary>One message of a chat.</summary>
/// <param name="Role">Who says it.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatMessage(ChatRole Role, string Content)
{
    /// <summary>The tools that an assistant's message calls; empty for none.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>The call that a tool's message answers, by <see cref="ToolCall.Id"/>; null in other messages.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The tool's name in a tool's message, or who speaks, for templates that write it; else null.</summary>
    public string? Name { get; init; }

    /// <summary>What an assistant thought before it answered, or null.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The result of a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="result">What the tool gave, or an error in words that the model can make something of.</param>
    public static ChatMessage OfTool(ToolCall call, string result)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(result);
        return new ChatMessage(ChatRole.Tool, result) { ToolCallId = call.Id, Name = call.Name };
    }
}
