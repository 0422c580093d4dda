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
        TemplateException? refusal = null;
        foreach (IReadOnlyList<ChatMessage> said in Spellings(messages))
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
            catch (TemplateException problem)
            {
                refusal = problem;
                if (!problem.IsRefusal) break;
            }
        }

        throw new ArgumentException($"Render: the model's chat template does not take these messages: {refusal!.Message}", nameof(messages), refusal);
    }

    /// <summary>The same chat in other messages, for families that have no place for a system message, which then goes before the first question, or for several calls at once.</summary>
    private static IEnumerable<IReadOnlyList<ChatMessage>> Spellings(IReadOnlyList<ChatMessage> messages)
    {
        bool hasSystem = messages[0].Role == ChatRole.System, callsAtOnce = messages.Any(message => message.ToolCalls.Count > 1);
        yield return messages;
        if (callsAtOnce) yield return OneCallEach(messages);
        if (!hasSystem) yield break;
        messages = FoldSystem(messages, system => system + "\n\n");
        yield return messages;
        if (callsAtOnce) yield return OneCallEach(messages);
    }

    /// <summary>Each call in a message of its own, with its result behind it.</summary>
    private static List<ChatMessage> OneCallEach(IReadOnlyList<ChatMessage> messages)
    {
        List<ChatMessage> all = [];
        for (int i = 0; i < messages.Count; i++)
        {
            ChatMessage message = messages[i];
            if (message.ToolCalls.Count < 2)
            {
                all.Add(message);
                continue;
            }

            ChatMessage[] results = [.. messages.Skip(i + 1).Take(message.ToolCalls.Count)];
            foreach (ToolCall call in message.ToolCalls)
            {
                all.Add(message with { ToolCalls = [call] });
                all.Add(Array.Find(results, result => result.ToolCallId == call.Id)!);
                message = message with { Content = "", Reasoning = null };
            }

            i += results.Length;
        }

        return all;
    }
}
