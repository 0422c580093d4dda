using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Heed.Tokenizers;
using Microsoft.Extensions.AI;
using HeedMessage = Heed.Tokenizers.ChatMessage;
using HeedRole = Heed.Tokenizers.ChatRole;

namespace Heed.Extensions.AI;

/// <summary>Messages as the abstractions have them, in the form and order that models know.</summary>
internal sealed class ChatMessageReader
{
    private const string BetweenMessages = "\n\n";
    // A model reads letters better than their escapes, and is asked to pay for no indentation.
    private static readonly JsonSerializerOptions s_compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<HeedMessage> _messages = [];
    private readonly Dictionary<string, string> _callNames = new(StringComparer.Ordinal);

    /// <summary>
    /// Instructions and system messages before the first other message become one; several messages of a user or of the assistant in
    /// a row become one, too.
    /// </summary>
    /// <exception cref="NotSupportedException">A message holds something else than text, reasoning, calls and results.</exception>
    /// <exception cref="ArgumentException">A message holds something that does not go with its role, or the role is not known.</exception>
    public static List<HeedMessage> Read(string? instructions, IReadOnlyList<Microsoft.Extensions.AI.ChatMessage> messages)
    {
        ChatMessageReader reader = new();
        if (!string.IsNullOrWhiteSpace(instructions)) reader.Add(new HeedMessage(HeedRole.System, instructions));
        for (int i = 0; i < messages.Count; i++) reader.Read(messages[i], $"message {i}");
        return reader._messages;
    }

    private void Read(Microsoft.Extensions.AI.ChatMessage message, string place)
    {
        string role = message.Role.Value;
        if (role == "system" || role == "developer") Add(new HeedMessage(HeedRole.System, TextOf(message, place, "a system message, which has text alone")));
        else if (role == "user") Add(new HeedMessage(HeedRole.User, TextOf(message, place, "a user's message, which has text alone")));
        else if (role == "assistant") Add(AnswerOf(message, place));
        else if (role == "tool") AddResults(message, place);
        else throw new ArgumentException($"HeedChatClient: {place} is from '{role}'; expected system, user, assistant or tool.", "messages");
    }

    private static string TextOf(Microsoft.Extensions.AI.ChatMessage message, string place, string what)
    {
        StringBuilder text = new();
        foreach (AIContent content in message.Contents)
            if (content is TextContent part) text.Append(part.Text);
            else throw Refuse(content, place, what);
        return text.ToString();
    }

    private HeedMessage AnswerOf(Microsoft.Extensions.AI.ChatMessage message, string place)
    {
        StringBuilder text = new(), reasoning = new();
        List<ToolCall> calls = [];
        foreach (AIContent content in message.Contents)
            switch (content)
            {
                case TextContent part: text.Append(part.Text); break;
                case TextReasoningContent part: reasoning.Append(part.Text); break;
                case FunctionCallContent call:
                    calls.Add(new ToolCall(call.CallId, call.Name, ArgumentsOf(call)));
                    _callNames[call.CallId] = call.Name;
                    break;
                case UsageContent: break;
                default: throw Refuse(content, place, "an assistant's message, which has text, reasoning and calls of functions");
            }
        return new HeedMessage(HeedRole.Assistant, text.ToString()) { ToolCalls = calls, Reasoning = reasoning.Length > 0 ? reasoning.ToString() : null };
    }

    private void AddResults(Microsoft.Extensions.AI.ChatMessage message, string place)
    {
        foreach (AIContent content in message.Contents)
        {
            if (content is not FunctionResultContent result) throw Refuse(content, place, "a tool's message, which has results of functions alone");
            _messages.Add(new HeedMessage(HeedRole.Tool, TextOf(result)) { ToolCallId = result.CallId, Name = _callNames.GetValueOrDefault(result.CallId) });
        }
    }

    private static string TextOf(FunctionResultContent result) => result.Result switch
    {
        null when result.Exception is { } failure => $"Error: {failure.Message}",
        string text => text,
        TextContent text => text.Text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        object other => JsonSerializer.Serialize(ToJson(other), s_compact),
        null => "null",
    };

    private static JsonElement ArgumentsOf(FunctionCallContent call) =>
        JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, object?>(), AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>)));

    private static JsonElement ToJson(object value) => JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType()));

    private void Add(HeedMessage message)
    {
        if (_messages.Count == 0 || _messages[^1].Role != message.Role)
        {
            _messages.Add(message);
            return;
        }
        HeedMessage last = _messages[^1];
        _messages[^1] = last with
        {
            Content = Join(last.Content, message.Content),
            Reasoning = last.Reasoning is null ? message.Reasoning : Join(last.Reasoning, message.Reasoning ?? ""),
            ToolCalls = [.. last.ToolCalls, .. message.ToolCalls],
        };
    }

    private static string Join(string first, string second) => first.Length == 0 ? second : second.Length == 0 ? first : first + BetweenMessages + second;

    private static Exception Refuse(AIContent content, string place, string what)
    {
        string type = content.GetType().Name;
        return content is TextReasoningContent or FunctionCallContent or FunctionResultContent
            ? new ArgumentException($"HeedChatClient: {place} has a {type} in {what}.", "messages")
            : new NotSupportedException($"HeedChatClient: {place} has a {type}; the model reads {nameof(TextContent)}, {nameof(TextReasoningContent)}, {nameof(FunctionCallContent)} and {nameof(FunctionResultContent)} alone.");
    }
}
