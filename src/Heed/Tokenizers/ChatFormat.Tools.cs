using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates;

namespace Heed.Tokenizers;

/// <summary>Chats with tools.</summary>
public sealed partial class ChatFormat
{
    internal const string ReasoningStart = "<think>", ReasoningEnd = "</think>";

    /// <summary>How the model writes the calls of tools; <see cref="ToolCallFormat.None"/> where it knows none, and then it can be given none.</summary>
    public ToolCallFormat ToolCalls { get; private init; }

    /// <summary>Whether answers may begin with a section of reasoning, between &lt;think&gt; and &lt;/think&gt;.</summary>
    public bool HasReasoning { get; private init; }

    /// <summary>The ids of a chat, ready for the model's answer, and what they leave open.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Render"/>.</exception>
    internal ChatPrompt Prompt(IReadOnlyList<ChatMessage> messages, Tokenizer tokenizer, IReadOnlyList<ToolDefinition> tools, JsonObject? variables, bool addGenerationPrompt = true)
    {
        ChatOrder.Check(messages, asks: true, nameof(Render));
        ToolDefinition.CheckNames(tools);
        CheckTools(messages, tools);
        if (TemplateFor(messages, tools, tokenizer) is not { } template)
        {
            ChatWriter writer = new(Kind, tokenizer);
            Write(messages, writer, addGenerationPrompt);
            return new ChatPrompt(writer.ToArray(), OpensReasoning: false);
        }

        RenderedChat chat = RenderTemplate(template, messages, tokenizer, addGenerationPrompt, tools, variables);
        bool opens = HasReasoning && chat.Segments is [.., { IsTrusted: true } last] && last.Text.AsSpan().TrimEnd().EndsWith(ReasoningStart, StringComparison.Ordinal);
        return new ChatPrompt(chat.Encode(tokenizer), opens);
    }

    private void CheckTools(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ToolDefinition> tools)
    {
        if (ToolCalls != ToolCallFormat.None) return;
        if (tools.Count > 0)
        {
            throw new ArgumentException(Template is null
                ? $"Render: got {tools.Count} tools, and the built-in format {Kind} has none; need a model with a chat template that takes tools, or Llama 3, ChatML or Mistral's format."
                : Template.TakesTools
                    ? $"Render: got {tools.Count} tools, and how the model calls them cannot be told from its chat template; need one with the calls of Llama 3, Hermes or Mistral."
                    : $"Render: got {tools.Count} tools, and the model's chat template takes none; need a model whose template does.", nameof(tools));
        }

        if (Template is null && messages.Any(message => message.Role == ChatRole.Tool || message.ToolCalls.Count > 0))
            throw new ArgumentException($"Render: a message calls a tool, and the built-in format {Kind} has none.", nameof(messages));
    }

    /// <summary>What writes the messages: the model's template, or, with tools, that of a built-in format; null for a format without one.</summary>
    private ChatTemplate? TemplateFor(IReadOnlyList<ChatMessage> messages, IReadOnlyList<ToolDefinition> tools, Tokenizer tokenizer)
    {
        if (Template is not null) return Template;
        if (tools.Count == 0 && !messages.Any(message => message.Role == ChatRole.Tool || message.ToolCalls.Count > 0)) return null;
        CheckTools(messages, tools);
        BuiltInTools format = BuiltInTools.Of(Kind);
        foreach (string marker in format.Markers)
        {
            if (!new ChatWriter(Kind, tokenizer).Has(marker))
                throw new ArgumentException($"Render: the vocabulary has no special token '{marker}', which the format {Kind} needs for tools.", nameof(tokenizer));
        }

        return format.Template;
    }

    private static ToolCallFormat ToolCallsOf(ChatFormatKind kind) => kind switch
    {
        ChatFormatKind.Llama3 => ToolCallFormat.Llama3Json,
        ChatFormatKind.ChatMl => ToolCallFormat.Hermes,
        ChatFormatKind.Mistral => ToolCallFormat.Mistral,
        _ => ToolCallFormat.None,
    };

    private static ToolCallFormat ToolCallsOf(ChatTemplate template, ChatFormatKind kind)
    {
        bool Has(string marker) => template.Source.Contains(marker, StringComparison.Ordinal);
        if (!template.TakesTools) return ToolCallFormat.None;
        if (Has("[TOOL_CALLS]")) return ToolCallFormat.Mistral;
        if (Has("<tool_call>")) return ToolCallFormat.Hermes;
        return Has("<|python_tag|>") || (kind == ChatFormatKind.Llama3 && Has("\"parameters\"")) ? ToolCallFormat.Llama3Json : ToolCallFormat.None;
    }
}
