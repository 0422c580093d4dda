using System.Text;
using Heed.Tokenizers.Templates.Execution;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Puts a text together and keeps the origins of its parts; stops before it grows beyond the bounds.</summary>
internal sealed class TextBuilder(RenderContext context)
{
    private readonly StringBuilder _text = new();
    private readonly List<TextRun> _runs = [];

    public int Length => _text.Length;

    public void Append(ReadOnlySpan<char> text, TextOrigin origin)
    {
        if (text.Length == 0) return;
        context.ChargeText(Length, text.Length);
        _text.Append(text);
        AddRun(origin);
    }

    public void Append(char character, TextOrigin origin) => Append([character], origin);

    public void Append(string text) => Append(text, TextOrigin.Template);

    /// <summary>A text, with a mark upon all of it.</summary>
    public void Append(TextValue text, TextOrigin mark = TextOrigin.Template) => Append(text, 0, text.Length, mark);

    public void Append(TextValue text, int start, int length, TextOrigin mark = TextOrigin.Template)
    {
        int end = start + length;
        for (int i = length == 0 ? 0 : text.RunAt(start); start < end; i++)
        {
            TextRun run = text.Runs[i];
            int until = Math.Min(run.End, end);
            Append(text.Text.AsSpan(start, until - start), run.Origin | mark);
            start = until;
        }
    }

    public TextValue ToText() => _runs.Count == 0 ? TextValue.Empty : new TextValue(_text.ToString(), _runs.ToArray());

    private void AddRun(TextOrigin origin)
    {
        if (_runs.Count > 0 && _runs[^1].Origin == origin) _runs[^1] = new TextRun(Length, origin);
        else _runs.Add(new TextRun(Length, origin));
    }
}
