using System.Text.Json;
using Heed.Inference;
using Heed.Tokenizers;
using Microsoft.Extensions.AI;
using AIRole = Microsoft.Extensions.AI.ChatRole;

namespace Heed.Extensions.AI;

/// <summary>Pieces of an answer as the abstractions have them.</summary>
internal sealed class ChatUpdates(string responseId, string modelId, ChatOptions options)
{
    private readonly DateTimeOffset _createdAt = DateTimeOffset.UtcNow;
    private int _calls;

    public static ChatFinishReason ReasonOf(FinishReason reason) => reason switch
    {
        FinishReason.MaxTokens or FinishReason.ContextFull => ChatFinishReason.Length,
        FinishReason.ToolCalls => ChatFinishReason.ToolCalls,
        _ => ChatFinishReason.Stop,
    };

    /// <summary>Null where a piece says nothing.</summary>
    public ChatResponseUpdate? Of(CompletionPiece piece)
    {
        List<AIContent> contents = [];
        if (piece.Reasoning.Length > 0 && options.Reasoning?.Output != ReasoningOutput.None) contents.Add(new TextReasoningContent(piece.Reasoning));
        if (piece.Text.Length > 0) contents.Add(new TextContent(piece.Text));
        foreach (ToolCall call in piece.ToolCalls)
            if (_calls++ == 0 || options.AllowMultipleToolCalls != false) contents.Add(ContentOf(call));
        if (piece.Usage is { } usage) contents.Add(new UsageContent(DetailsOf(usage)));
        if (contents.Count == 0 && piece.FinishReason is null) return null;
        return new ChatResponseUpdate(AIRole.Assistant, contents)
        {
            ResponseId = responseId,
            MessageId = responseId,
            ModelId = modelId,
            CreatedAt = _createdAt,
            FinishReason = piece.FinishReason is { } reason ? ReasonOf(reason) : null,
            RawRepresentation = piece,
        };
    }

    private static FunctionCallContent ContentOf(ToolCall call)
    {
        Dictionary<string, object?> arguments = new(StringComparer.Ordinal);
        foreach (JsonProperty argument in call.Arguments.EnumerateObject()) arguments[argument.Name] = argument.Value.Clone();
        return new FunctionCallContent(call.Id, call.Name, arguments) { RawRepresentation = call };
    }

    private static UsageDetails DetailsOf(Usage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        OutputTokenCount = usage.CompletionTokens,
        TotalTokenCount = usage.PromptTokens + usage.CompletionTokens,
        CachedInputTokenCount = usage.CachedTokens,
        AdditionalCounts = usage.DroppedTurns > 0 ? new() { ["DroppedTurns"] = usage.DroppedTurns } : null,
    };
}
