using Heed.Inference.Grammars;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>One answer in a chat: its prompt, its options, and its pieces, told apart. For one generation.</summary>
internal sealed class ChatTurn
{
    private readonly LanguageModel _model;
    private readonly IReadOnlyList<ChatMessage> _messages;
    private readonly ChatSettings _settings;
    private readonly IReadOnlyList<ToolDefinition> _tools;
    private readonly AnswerParser _parser;
    private readonly GenerationOptions _asked;
    private readonly List<int> _ids = [];
    private readonly List<float> _logProbabilities = [];
    private readonly List<IReadOnlyList<TokenLogProbability>> _topLogProbabilities = [];
    private int _dropped;
    private bool _calls;

    /// <exception cref="ArgumentException">A tool is named that there is none of, or a call and a grammar are both asked for, or a tool's schema cannot be held to.</exception>
    public ChatTurn(LanguageModel model, IReadOnlyList<ChatMessage> messages, ChatSettings settings)
    {
        (_model, _messages, _settings) = (model, messages, settings);
        _asked = (settings.Generation ?? model.DefaultOptions).Validate();
        _tools = settings.ToolChoice.IsNone ? [] : settings.Tools;
        ChatFormat format = model.ChatFormat;
        bool callsTools = _tools.Count > 0 && _asked.Grammar is null;
        _parser = new AnswerParser(callsTools ? format.ToolCalls : ToolCallFormat.None, format.HasReasoning, _tools, messages.SelectMany(message => message.ToolCalls).Select(call => call.Id));
        Options = _asked with { ShownTokens = ToolMarkers.Shown(model.Tokenizer, callsTools ? format.ToolCalls : ToolCallFormat.None, format.HasReasoning) };
        if (format is { Kind: ChatFormatKind.Plain, Template: null }) Options = Options with { StopStrings = [.. Options.StopStrings, "\nUser:"] };
        if (settings.ToolChoice.IsForced) Options = Options with { Grammar = ForcedCall() };
    }

    /// <summary>How the answer is generated.</summary>
    public GenerationOptions Options { get; }

    /// <summary>The tokens of the chat, without turns that do not fit.</summary>
    /// <exception cref="ArgumentException">The chat cannot be written.</exception>
    public int[] Prompt()
    {
        IReadOnlyList<ChatMessage> kept = _messages;
        ChatPrompt prompt = Render(kept);
        if (_settings.DropTurns && prompt.Ids.Length > Room)
        {
            (prompt, _dropped) = ChatTurns.Fit(_messages, Render, Room);
        }

        if (prompt.OpensReasoning) _parser.Push(ChatFormat.ReasoningStart);
        // A grammar holds from the first token on, so there is nothing to think before.
        string opening = prompt.OpensReasoning && Options.Grammar is not null ? $"\n{ChatFormat.ReasoningEnd}\n\n" : "";
        if (_settings.ToolChoice.IsForced) opening += ToolMarkers.Opening(_model.ChatFormat.ToolCalls);
        if (opening.Length == 0) return prompt.Ids;
        _parser.Push(opening);
        return [.. prompt.Ids, .. _model.Tokenizer.Encode(opening, addSpecial: false, parseSpecial: true)];
    }

    /// <summary>What a piece of text is, in one piece for each part.</summary>
    public IEnumerable<CompletionPiece> Read(CompletionPiece piece)
    {
        if (piece.IsPrompt) return [piece];
        List<AnswerPart> parts = [.. _parser.Push(piece.Text)];
        if (piece.FinishReason is not null) parts.AddRange(_parser.Finish());
        _ids.AddRange(piece.TokenIds);
        _logProbabilities.AddRange(piece.LogProbabilities);
        _topLogProbabilities.AddRange(piece.TopLogProbabilities);
        List<CompletionPiece> pieces = [.. parts.Select(PieceOf)];
        if (piece.FinishReason is { } reason)
        {
            if (_calls && reason == FinishReason.EndToken) reason = FinishReason.ToolCalls;
            CompletionPiece last = pieces.Count > 0 ? pieces[^1] : PieceOf(new AnswerPart(AnswerPartKind.Text, ""));
            if (pieces.Count > 0) pieces.RemoveAt(pieces.Count - 1);
            pieces.Add(last with { FinishReason = reason, Usage = piece.Usage! with { DroppedTurns = _dropped } });
        }

        return pieces;
    }

    /// <summary>The most tokens of a prompt that leaves room for the answer.</summary>
    private int Room => _model.ContextLength - Math.Min(_asked.MaxTokens ?? _model.ContextLength / 4, _model.ContextLength / 2);

    private ChatPrompt Render(IReadOnlyList<ChatMessage> messages) => _model.ChatFormat.Prompt(messages, _model.Tokenizer, _tools, _settings.TemplateVariables);

    private Grammar ForcedCall()
    {
        string? name = _settings.ToolChoice.Name;
        IReadOnlyList<ToolDefinition> callable = name is null ? _tools : [.. _tools.Where(tool => tool.Name == name)];
        if (callable.Count == 0) throw new ArgumentException($"Chat: the tool choice asks for {(name is null ? "a call" : $"'{name}'")}, and there is no such tool.", "settings");
        if (_asked.Grammar is not null) throw new ArgumentException("Chat: the tool choice asks for a call, and the options for a text that fits a grammar; need one of them.", "settings");
        return _model.ToolGrammars.Of(callable, _model.ChatFormat.ToolCalls);
    }

    /// <summary>A part with the tokens that came since the last one.</summary>
    private CompletionPiece PieceOf(AnswerPart part)
    {
        CompletionPiece piece = new(part.Kind == AnswerPartKind.Text ? part.Text : "", [.. _ids], [.. _logProbabilities])
        {
            TopLogProbabilities = [.. _topLogProbabilities],
            Reasoning = part.Kind == AnswerPartKind.Reasoning ? part.Text : "",
            ToolCalls = part.Call is { } call ? [call] : [],
            Problems = part.Kind == AnswerPartKind.Problem ? [part.Text] : [],
        };
        _calls |= part.Call is not null;
        _ids.Clear();
        _logProbabilities.Clear();
        _topLogProbabilities.Clear();
        return piece;
    }
}
