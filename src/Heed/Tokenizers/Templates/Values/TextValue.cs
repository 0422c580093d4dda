using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Functions;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Text that knows of every character where it comes from.</summary>
internal sealed class TextValue : Value
{
    private readonly TextRun[] _runs;

    public TextValue(string text, TextOrigin origin)
        : this(text, text.Length == 0 ? [] : [new TextRun(text.Length, origin)])
    {
    }

    /// <summary>Runs whose ends rise to the text's length.</summary>
    public TextValue(string text, TextRun[] runs) => (Text, _runs) = (text, runs);

    public static TextValue Empty { get; } = new(string.Empty, []);

    public string Text { get; }

    public ReadOnlySpan<TextRun> Runs => _runs;

    public int Length => Text.Length;

    public override string TypeName => "str";

    public override bool IsTrue => Text.Length > 0;

    /// <summary>Whether characters and code points are the same.</summary>
    public bool IsSimple => !Text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    public static TextValue FromTemplate(string text) => new(text, TextOrigin.Template);

    public TextOrigin OriginAt(int index) => _runs[RunAt(index)].Origin;

    /// <summary>The run that a character is in; a text may have as many runs as characters.</summary>
    public int RunAt(int index)
    {
        int low = 0, high = _runs.Length - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (index < _runs[middle].End) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    /// <summary>A part, in UTF-16 characters.</summary>
    public TextValue Part(int start, int length)
    {
        if (length == 0) return Empty;
        if (length == Length) return this;
        if (_runs.Length == 1) return new TextValue(Text.Substring(start, length), _runs[0].Origin);
        List<TextRun> runs = [];
        for (int i = RunAt(start); runs.Count == 0 || runs[^1].End < length; i++)
            runs.Add(new TextRun(Math.Min(_runs[i].End - start, length), _runs[i].Origin));

        return new TextValue(Text.Substring(start, length), runs.ToArray());
    }

    /// <summary>Where each code point begins, and the text's length.</summary>
    public int[] Starts()
    {
        List<int> starts = new(Length + 1);
        for (int i = 0; i < Length; i += i + 1 < Length && char.IsSurrogatePair(Text[i], Text[i + 1]) ? 2 : 1) starts.Add(i);
        starts.Add(Length);
        return starts.ToArray();
    }

    /// <summary>The number of code points.</summary>
    public int CountRunes() => IsSimple ? Length : Starts().Length - 1;

    public override Value? Attribute(string name, RenderContext context) => TextMethods.Find(this, name);
}
