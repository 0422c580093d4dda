using System.Text;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>Puts parts of an answer together, a character at a time.</summary>
internal sealed class PartCollector
{
    private readonly List<AnswerPart> _parts = [];
    private readonly StringBuilder _text = new();
    private AnswerPartKind _kind;

    public void Add(AnswerPartKind kind, char character)
    {
        if (kind != _kind) Close();
        _kind = kind;
        _text.Append(character);
    }

    public void Add(ToolCall call)
    {
        Close();
        _parts.Add(new AnswerPart(AnswerPartKind.ToolCall, "", call));
    }

    public void Problem(string problem)
    {
        Close();
        _parts.Add(new AnswerPart(AnswerPartKind.Problem, problem));
    }

    /// <summary>What there is so far, which is then no longer here.</summary>
    public IReadOnlyList<AnswerPart> Take()
    {
        Close();
        AnswerPart[] parts = [.. _parts];
        _parts.Clear();
        return parts;
    }

    private void Close()
    {
        if (_text.Length > 0) _parts.Add(new AnswerPart(_kind, _text.ToString()));
        _text.Clear();
    }
}
