using System.Text.Json.Nodes;

namespace Heed.Tokenizers.Templates;

/// <summary>What a chat template is rendered with. All texts in it count as untrusted, <see cref="BosToken"/> and <see cref="EosToken"/> excepted.</summary>
public sealed record ChatTemplateInput
{
    /// <summary>The messages, as OpenAI's API writes them: objects with role and content, and what else the template looks at (tool_calls, tool_call_id, name, …).</summary>
    public required JsonArray Messages { get; init; }

    /// <summary>The tools that the model may call, as JSON schemas, or null.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Ends with what begins an answer.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>The text of the token that begins a sequence: the template's <c>bos_token</c>.</summary>
    public string? BosToken { get; init; }

    /// <summary>The text of the token that ends a sequence: the template's <c>eos_token</c>.</summary>
    public string? EosToken { get; init; }

    /// <summary>Further variables of the template, such as enable_thinking; they take precedence over those above.</summary>
    public JsonObject? Variables { get; init; }

    /// <summary>The clock that <c>strftime_now</c> looks at.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Messages as JSON. Arguments of calls are objects; a field that a message has no value for is left out.</summary>
    /// <param name="messages">The messages; their roles are written in small letters.</param>
    public static JsonArray ToJson(IReadOnlyList<ChatMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return [.. messages.Select(ToJson)];
    }

    // Templates ask whether a message has a field, so one that is null is not the same as one that is missing.
    private static JsonObject ToJson(ChatMessage message)
    {
        string role = message.Role switch
        {
            ChatRole.System => "system",
            ChatRole.User => "user",
            ChatRole.Tool => "tool",
            _ => "assistant",
        };
        JsonObject json = new() { ["role"] = role, ["content"] = message.Content };
        if (message.Reasoning is { } reasoning) json["reasoning_content"] = reasoning;
        if (message.ToolCallId is { } id) json["tool_call_id"] = id;
        if (message.Name is { } name) json["name"] = name;
        if (message.ToolCalls.Count > 0) json["tool_calls"] = new JsonArray([.. message.ToolCalls.Select(ToJson)]);
        return json;
    }

    private static JsonNode ToJson(ToolCall call) => new JsonObject
    {
        ["id"] = call.Id,
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = JsonObject.Create(call.Arguments) },
    };
}
