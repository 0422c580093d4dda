using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Heed.Extensions.AI;

/// <summary>What a chat's trace and log hold: the options always, what is said where that is allowed.</summary>
internal sealed class ChatTrace(GenAiTelemetry telemetry, GenAiOperation operation)
{
    private readonly bool _logs = telemetry.Sensitive && telemetry.Logger.IsEnabled(LogLevel.Trace);
    private readonly List<ChatResponseUpdate> _updates = [];

    private bool IsRead => _logs || (telemetry.Sensitive && operation.Activity is { IsAllDataRequested: true });

    public void Asked(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        if (operation.Activity is { IsAllDataRequested: true } activity) Tag(activity, options);
        if (!IsRead) return;
        string said = MessagesOf(messages).ToJsonString();
        operation.Activity?.SetTag("gen_ai.input.messages", said);
        if (options.Instructions is { } instructions) operation.Activity?.SetTag("gen_ai.system_instructions", new JsonArray(TextPart("text", instructions)).ToJsonString());
        if (options.Tools is { Count: > 0 } tools) operation.Activity?.SetTag("gen_ai.tool.definitions", ToolsOf(tools).ToJsonString());
        if (_logs) Log.Said(telemetry.Logger, "chat", operation.ResponseId, said);
    }

    public void Answered(ChatResponseUpdate update)
    {
        if (IsRead) _updates.Add(update);
    }

    /// <summary>The answer is at its end.</summary>
    public void End()
    {
        if (!IsRead) return;
        ChatResponse response = _updates.ToChatResponse();
        JsonArray answer = MessagesOf(response.Messages);
        // The conventions' schema of messages has a word of its own for calls.
        string? reason = response.FinishReason == ChatFinishReason.ToolCalls ? "tool_call" : response.FinishReason?.Value;
        foreach (JsonNode? message in answer) message!["finish_reason"] = reason;
        operation.Activity?.SetTag("gen_ai.output.messages", answer.ToJsonString());
        if (_logs) Log.Answered(telemetry.Logger, "chat", operation.ResponseId, answer.ToJsonString());
    }

    private static void Tag(Activity activity, ChatOptions options)
    {
        void Set(string name, object? value)
        {
            if (value is not null) activity.SetTag(name, value);
        }

        Set("gen_ai.request.temperature", (double?)options.Temperature);
        Set("gen_ai.request.top_p", (double?)options.TopP);
        Set("gen_ai.request.top_k", (double?)options.TopK);
        Set("gen_ai.request.max_tokens", options.MaxOutputTokens);
        Set("gen_ai.request.seed", options.Seed);
        Set("gen_ai.request.frequency_penalty", (double?)options.FrequencyPenalty);
        Set("gen_ai.request.presence_penalty", (double?)options.PresencePenalty);
        Set("gen_ai.request.stop_sequences", options.StopSequences is { Count: > 0 } stops ? stops.ToArray() : null);
        Set("gen_ai.output.type", options.ResponseFormat switch { ChatResponseFormatJson => "json", ChatResponseFormatText => "text", _ => null });
    }

    private static JsonArray MessagesOf(IEnumerable<ChatMessage> messages)
    {
        JsonArray all = [];
        foreach (ChatMessage message in messages)
            all.Add(new JsonObject { ["role"] = message.Role.Value, ["parts"] = new JsonArray([.. message.Contents.Where(content => content is not UsageContent).Select(PartOf)]) });
        return all;
    }

    private static JsonNode PartOf(AIContent content) => content switch
    {
        TextContent text => TextPart("text", text.Text),
        TextReasoningContent reasoning => TextPart("reasoning", reasoning.Text),
        FunctionCallContent call => new JsonObject { ["type"] = "tool_call", ["id"] = call.CallId, ["name"] = call.Name, ["arguments"] = ToNode(call.Arguments) },
        FunctionResultContent result => new JsonObject { ["type"] = "tool_call_response", ["id"] = result.CallId, ["response"] = ToNode(result.Result) },
        _ => new JsonObject { ["type"] = content.GetType().Name },
    };

    private static JsonObject TextPart(string type, string text) => new() { ["type"] = type, ["content"] = text };

    private static JsonArray ToolsOf(IEnumerable<AITool> tools) =>
    [
        .. tools.Select(tool => new JsonObject
        {
            ["type"] = tool is AIFunctionDeclaration ? "function" : tool.GetType().Name,
            ["name"] = tool.Name,
            ["description"] = tool.Description,
            ["parameters"] = tool is AIFunctionDeclaration function ? JsonNode.Parse(function.JsonSchema.GetRawText()) : null,
        }),
    ];

    private static JsonNode? ToNode(object? value) =>
        value is null ? null : JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType()));
}
