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

    /// <summary>Messages as JSON.</summary>
    /// <param name="messages">The messages; their roles are written in small letters.</param>
    public static JsonArray ToJson(IReadOnlyList<ChatMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        JsonArray array = [];
        foreach (ChatMessage message in messages)
        {
            string role = message.Role switch { ChatRole.System => "system", ChatRole.User => "user", _ => "assistant" };
            array.Add((JsonNode)new JsonObject { ["role"] = role, ["content"] = message.Content });
        }

        return array;
    }
}
