using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates;

namespace Heed.Tokenizers;

/// <summary>Chats written by a model's own template.</summary>
public sealed partial class ChatFormat
{
    /// <summary>The model's own template, which then writes its chats; null where a built-in format does.</summary>
    public ChatTemplate? Template { get; private init; }

    /// <summary>Why the model's template cannot be used and a built-in format takes its place; null where nothing is wrong.</summary>
    public string? TemplateProblem { get; private init; }

    /// <summary>The format that a model's template writes.</summary>
    /// <param name="template">The template.</param>
    /// <param name="kind">The built-in format that it is most like: whether markers are text, and messages that hold one are refused, follows from it.</param>
    public static ChatFormat Of(ChatTemplate template, ChatFormatKind kind = ChatFormatKind.Plain)
    {
        ArgumentNullException.ThrowIfNull(template);
        return new ChatFormat(Of(kind).Kind) { Template = template, ToolCalls = ToolCallsOf(template, kind), HasReasoning = template.Source.Contains(ReasoningEnd, StringComparison.Ordinal) };
    }

    private static ChatFormat Read(ChatFormatKind kind, string chatTemplate, bool reasons)
    {
        try
        {
            ChatTemplate template = ChatTemplate.Parse(chatTemplate);
            return new ChatFormat(kind) { Template = template, ToolCalls = ToolCallsOf(template, kind), HasReasoning = reasons };
        }
        catch (TemplateException problem)
        {
            return new ChatFormat(kind) { TemplateProblem = problem.Message, HasReasoning = reasons };
        }
    }

    private RenderedChat RenderTemplate(ChatTemplate template, IReadOnlyList<ChatMessage> messages, Tokenizer tokenizer, bool addGenerationPrompt, IReadOnlyList<ToolDefinition>? tools = null, JsonObject? variables = null)
    {
        if (Kind == ChatFormatKind.Llama2 || (Kind == ChatFormatKind.Mistral && !HasMistralMarkers(new ChatWriter(Kind, tokenizer)))) RefuseMarkers(messages);
        try
        {
            return Render(messages);
        }
        catch (TemplateException refusal) when (refusal.IsRefusal && messages[0].Role == ChatRole.System)
        {
            // Some families have no place for a system message; it then goes before the first question.
            return Render(FoldSystem(messages, system => system + "\n\n"));
        }

        RenderedChat Render(IReadOnlyList<ChatMessage> said)
        {
            try
            {
                return template.Render(new ChatTemplateInput
                {
                    Messages = ChatTemplateInput.ToJson(said),
                    Tools = tools is { Count: > 0 } ? ToolDefinition.ListToJson(tools) : null,
                    Variables = variables,
                    AddGenerationPrompt = addGenerationPrompt,
                    BosToken = tokenizer.BosId is { } bos && (Template is not null || tokenizer.AddsBos) ? tokenizer.TokenText(bos) : null,
                    EosToken = tokenizer.EosId is { } eos ? tokenizer.TokenText(eos) : null,
                });
            }
            catch (TemplateException problem) when (!problem.IsRefusal || said[0].Role != ChatRole.System)
            {
                throw new ArgumentException($"Render: the model's chat template does not take these messages: {problem.Message}", nameof(messages), problem);
            }
        }
    }
}
