namespace Heed.Inference.Chat;

/// <summary>Whether a model may, must or must not call tools.</summary>
public sealed record ToolChoice
{
    private ToolChoice(bool isForced, string? name) => (IsForced, Name) = (isForced, name);

    /// <summary>The model decides.</summary>
    public static ToolChoice Auto { get; } = new(isForced: false, name: null);

    /// <summary>The model is told of no tools, and calls none.</summary>
    public static ToolChoice None { get; } = new(isForced: false, name: null) { IsNone = true };

    /// <summary>The model calls one tool, of its own choice, with arguments that its schema allows; it does not think before.</summary>
    public static ToolChoice Required { get; } = new(isForced: true, name: null);

    /// <summary>Whether no tool may be called.</summary>
    public bool IsNone { get; private init; }

    /// <summary>Whether a tool must be called.</summary>
    public bool IsForced { get; }

    /// <summary>The tool that must be called; null for any.</summary>
    public string? Name { get; }

    /// <summary>The model calls this tool, with arguments that its schema allows; it does not think before.</summary>
    /// <param name="name">The tool's name.</param>
    public static ToolChoice Named(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new ToolChoice(isForced: true, name);
    }
}
