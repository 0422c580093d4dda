using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>A model's wish to have a tool run.</summary>
public sealed record ToolCall
{
    /// <summary>A call.</summary>
    /// <param name="id">What the call's result refers to; unlike that of any other call of the conversation.</param>
    /// <param name="name">The tool's name.</param>
    /// <param name="arguments">The arguments, a JSON object; nothing has checked them against the tool's schema.</param>
    /// <exception cref="ArgumentException">The id or the name is empty, or the arguments are no object.</exception>
    public ToolCall(string id, string name, JsonElement arguments)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentException.ThrowIfNullOrEmpty(name);
        (Id, Name, Arguments) = (id, name, ToolJson.Object(arguments, $"ToolCall: the arguments of '{name}'", nameof(arguments)));
    }

    /// <summary>What the call's result refers to.</summary>
    public string Id { get; }

    /// <summary>The tool's name.</summary>
    public string Name { get; }

    /// <summary>The arguments, a JSON object.</summary>
    public JsonElement Arguments { get; }
}
