using System.Text;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>Puts the pieces of an answer together to the message that a chat goes on with.</summary>
internal sealed class AnswerKeeper
{
    private readonly StringBuilder _text = new(), _reasoning = new();
    private readonly List<ToolCall> _calls = [];
    private bool _began;

    /// <summary>The message so far; null before the first piece of the answer.</summary>
    public ChatMessage? Message => !_began ? null : new ChatMessage(ChatRole.Assistant, _text.ToString().Trim())
    {
        ToolCalls = [.. _calls],
        Reasoning = _reasoning.Length > 0 ? _reasoning.ToString().Trim() : null,
    };

    public void Add(CompletionPiece piece)
    {
        if (piece.IsPrompt) return;
        _began = true;
        _text.Append(piece.Text);
        _reasoning.Append(piece.Reasoning);
        _calls.AddRange(piece.ToolCalls);
    }
}
