namespace Heed.Tokenizers;

/// <summary>
/// Writes a chat as ids, by the model's own template or in a built-in format. Markers go in as ids and what people say is encoded as
/// plain text, so that nothing in a message can become a control token.
/// </summary>
public sealed partial class ChatFormat
{
    private ChatFormat(ChatFormatKind kind) => (Kind, ToolCalls) = (kind, ToolCallsOf(kind));

    /// <summary>Which built-in format this is, or which one the template is most like.</summary>
    public ChatFormatKind Kind { get; }

    /// <summary>A built-in format.</summary>
    public static ChatFormat Of(ChatFormatKind kind) =>
        Enum.IsDefined(kind) ? new ChatFormat(kind) : throw new ArgumentOutOfRangeException(nameof(kind), kind, "ChatFormat.Of: there is no such format.");

    /// <summary>
    /// The format of a model: its chat template, or, where it has none that can be read, the built-in format that the template's or the
    /// vocabulary's markers tell of; <see cref="ChatFormatKind.Plain"/> where neither has any.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="chatTemplate">The model's chat template, or null; the tokenizer's own is not looked at.</param>
    public static ChatFormat Detect(Tokenizer tokenizer, string? chatTemplate)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        bool Has(string marker) => chatTemplate is not null
            ? chatTemplate.Contains(marker, StringComparison.Ordinal)
            : tokenizer.IdOf(marker) is { } id && tokenizer.KindOf(id) is TokenKind.Control or TokenKind.UserDefined;
        ChatFormatKind kind =
            Has("<|im_start|>") ? ChatFormatKind.ChatMl
            : Has("<|start_header_id|>") ? ChatFormatKind.Llama3
            : Has("<start_of_turn>") ? ChatFormatKind.Gemma
            : Has("<|user|>") && Has("<|end|>") ? ChatFormatKind.Phi3
            : Has("<<SYS>>") ? ChatFormatKind.Llama2
            : Has("[INST]") ? ChatFormatKind.Mistral
            : ChatFormatKind.Plain;
        bool reasons = chatTemplate?.Contains(ReasoningEnd, StringComparison.Ordinal) == true || new ChatWriter(kind, tokenizer).Has(ReasoningEnd);
        return string.IsNullOrWhiteSpace(chatTemplate) ? new ChatFormat(kind) { HasReasoning = reasons } : Read(kind, chatTemplate, reasons);
    }

    /// <summary>The ids of a chat, ready for the model's answer.</summary>
    /// <param name="messages">An optional system message, then user and assistant in turn, the user last. Where the assistant calls tools, their results follow.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="addGenerationPrompt">Ends with the markers that begin an answer, in the formats that have such.</param>
    /// <param name="tools">The tools that the model may call; null for none.</param>
    /// <exception cref="ArgumentException">The roles are not in that order, a user or system message holds markers of a format that writes
    /// them as text, the vocabulary lacks a marker, the model's template refuses the messages, or the format has no tools.</exception>
    public int[] Render(IReadOnlyList<ChatMessage> messages, Tokenizer tokenizer, bool addGenerationPrompt = true, IReadOnlyList<ToolDefinition>? tools = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return Prompt(messages, tokenizer, tools ?? [], variables: null, addGenerationPrompt).Ids;
    }

    /// <summary>
    /// The ids of a whole dialog to learn from. What the model says is encoded by itself, so that what stands before an answer is
    /// what <see cref="Render"/> gives for the same question; the marker that ends an answer is part of it. In the format
    /// <see cref="ChatFormatKind.Plain"/> only the last answer is ended, by EOS.
    /// </summary>
    /// <param name="messages">An optional system message, then user and assistant in turn, the assistant last.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ArgumentException">As for <see cref="Render"/>.</exception>
    public DialogTokens RenderDialog(IReadOnlyList<ChatMessage> messages, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ChatOrder.Check(messages, asks: false, nameof(RenderDialog));
        if (TemplateFor(messages, [], tokenizer) is { } template) return RenderTemplate(template, messages, tokenizer, addGenerationPrompt: false).EncodeDialog(tokenizer);
        ChatWriter writer = new(Kind, tokenizer, marksAnswers: true);
        Write(messages, writer, addGenerationPrompt: false);
        return writer.ToDialog();
    }

    private void Write(IReadOnlyList<ChatMessage> messages, ChatWriter writer, bool addGenerationPrompt)
    {
        if (Kind != ChatFormatKind.Llama2 && writer.Tokenizer.AddsBos) writer.Id(writer.Tokenizer.BosId);
        switch (Kind)
        {
            case ChatFormatKind.Llama2:
                RefuseMarkers(messages);
                WriteLlama2(FoldSystem(messages, WrapSystem), writer);
                break;
            case ChatFormatKind.Mistral:
                if (!HasMistralMarkers(writer)) RefuseMarkers(messages);
                WriteMistral(FoldSystem(messages, system => system + "\n\n"), writer);
                break;
            case ChatFormatKind.Llama3: WriteLlama3(messages, writer, addGenerationPrompt); break;
            case ChatFormatKind.ChatMl: WriteTurns(messages, writer, addGenerationPrompt, "<|im_start|>", "<|im_end|>", "assistant"); break;
            case ChatFormatKind.Gemma:
                WriteTurns(FoldSystem(messages, system => system + "\n\n"), writer, addGenerationPrompt, "<start_of_turn>", "<end_of_turn>", "model");
                break;
            case ChatFormatKind.Phi3: WritePhi3(messages, writer, addGenerationPrompt); break;
            default: WritePlain(messages, writer, addGenerationPrompt); break;
        }
    }

    private static string WrapSystem(string system) => $"<<SYS>>\n{system}\n<</SYS>>\n\n";

    /// <summary>The system message goes before the first user message, for formats that have no place of its own for it.</summary>
    private static List<ChatMessage> FoldSystem(IReadOnlyList<ChatMessage> messages, Func<string, string> wrap)
    {
        if (messages[0].Role != ChatRole.System) return [.. messages];
        return [messages[1] with { Content = wrap(messages[0].Content) + messages[1].Content }, .. messages.Skip(2)];
    }

    // What the model itself said is no attack, and refusing it would end the chat.
    private static void RefuseMarkers(IReadOnlyList<ChatMessage> messages)
    {
        foreach (string marker in new[] { "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>" })
            if (messages.Any(message => message.Role != ChatRole.Assistant && message.Content.Contains(marker, StringComparison.Ordinal)))
                throw new ArgumentException($"Render: a message holds the marker '{marker}', which this format writes as text.", nameof(messages));
    }

    // Each turn by itself: BOS, "[INST] question [/INST] answer ", EOS; the last one has no answer and no EOS.
    private static void WriteLlama2(List<ChatMessage> messages, ChatWriter writer)
    {
        for (int i = 0; i < messages.Count; i += 2)
        {
            bool isLast = i + 1 == messages.Count;
            string turn = $"[INST] {messages[i].Content.Trim()} [/INST]";
            writer.Id(writer.Tokenizer.BosId);
            writer.Text(turn);
            if (isLast) continue;
            writer.BeginAnswer();
            writer.SpacedText($"{messages[i + 1].Content.Trim()} ");
            writer.Id(writer.Tokenizer.EosId);
            writer.EndAnswer();
        }
    }

    private static bool HasMistralMarkers(ChatWriter writer) => writer.Has("[INST]") && writer.Has("[/INST]");

    private static void WriteMistral(List<ChatMessage> messages, ChatWriter writer)
    {
        bool asIds = HasMistralMarkers(writer);
        foreach (ChatMessage message in messages)
        {
            if (message.Role == ChatRole.Assistant)
            {
                writer.EndText();
                writer.BeginAnswer();
                writer.Text(message.Content.Trim());
                writer.Id(writer.Tokenizer.EosId);
                writer.EndAnswer();
            }
            else if (asIds)
            {
                writer.Marker("[INST]");
                writer.Text(message.Content);
                writer.Marker("[/INST]");
            }
            else
            {
                writer.Text($"[INST] {message.Content} [/INST]");
            }
        }
    }

    private static void WriteLlama3(IReadOnlyList<ChatMessage> messages, ChatWriter writer, bool addGenerationPrompt)
    {
        foreach (ChatMessage message in messages)
        {
            WriteHeader(writer, Name(message.Role, "assistant"));
            Begin(message, writer);
            writer.Text(message.Content.Trim());
            writer.Marker("<|eot_id|>");
            writer.EndAnswer();
        }

        if (addGenerationPrompt) WriteHeader(writer, "assistant");
    }

    private static void WriteHeader(ChatWriter writer, string role)
    {
        writer.Marker("<|start_header_id|>");
        writer.Text(role);
        writer.Marker("<|end_header_id|>");
        writer.Literal("\n\n");
    }

    private static void WriteTurns(IReadOnlyList<ChatMessage> messages, ChatWriter writer, bool addGenerationPrompt, string start, string end, string assistant)
    {
        foreach (ChatMessage message in messages)
        {
            writer.Marker(start);
            writer.Literal(Name(message.Role, assistant) + "\n");
            Begin(message, writer);
            writer.Text(start == "<start_of_turn>" ? message.Content.Trim() : message.Content);
            writer.Marker(end);
            writer.EndAnswer();
            writer.Literal("\n");
        }

        if (!addGenerationPrompt) return;
        writer.Marker(start);
        writer.Literal(assistant + "\n");
    }

    private static void WritePhi3(IReadOnlyList<ChatMessage> messages, ChatWriter writer, bool addGenerationPrompt)
    {
        foreach (ChatMessage message in messages)
        {
            writer.Marker($"<|{Name(message.Role, "assistant")}|>");
            writer.Literal("\n");
            Begin(message, writer);
            writer.Text(message.Content);
            writer.Marker("<|end|>");
            writer.EndAnswer();
            writer.Literal("\n");
        }

        if (!addGenerationPrompt) return;
        writer.Marker("<|assistant|>");
        writer.Literal("\n");
    }

    private static void WritePlain(IReadOnlyList<ChatMessage> messages, ChatWriter writer, bool addGenerationPrompt)
    {
        for (int i = 0; i < messages.Count; i++)
        {
            if (i > 0) writer.Text("\n");
            writer.Text($"{messages[i].Role}:");
            Begin(messages[i], writer);
            writer.SpacedText(messages[i].Content);
            if (i == messages.Count - 1 && messages[i].Role == ChatRole.Assistant) writer.Id(writer.Tokenizer.EosId);
            writer.EndAnswer();
        }

        if (addGenerationPrompt) writer.Text($"\n{ChatRole.Assistant}:");
    }

    private static void Begin(ChatMessage message, ChatWriter writer)
    {
        if (message.Role == ChatRole.Assistant) writer.BeginAnswer();
    }

    private static string Name(ChatRole role, string assistant) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        _ => assistant,
    };
}
