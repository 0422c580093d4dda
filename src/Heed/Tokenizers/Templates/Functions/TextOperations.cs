using System.Globalization;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Syntax;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Texts cut, trimmed and put together, as Python's str methods do it; every character keeps its origin.</summary>
internal static class TextOperations
{
    /// <summary>Without what is at the ends: white space, or any of the characters given.</summary>
    public static TextValue Trim(TextValue text, string? characters, bool atStart, bool atEnd, RenderContext context)
    {
        context.ChargeReading(text.Length);
        bool Goes(char character) => characters is null ? PythonSpace.Is(character) : characters.Contains(character, StringComparison.Ordinal);
        int start = 0, end = text.Length;
        while (atStart && start < end && Goes(text.Text[start])) start++;
        while (atEnd && end > start && Goes(text.Text[end - 1])) end--;
        return text.Part(start, end - start);
    }

    /// <summary>Cut at every separator, at most <paramref name="most"/> times if that is not negative.</summary>
    public static List<Value> Split(TextValue text, string separator, long most, RenderContext context)
    {
        if (separator.Length == 0) throw context.Error("split: the separator is empty.");
        context.ChargeReading(text.Length);
        List<Value> parts = [];
        int from = 0;
        while (most < 0 || parts.Count < most)
        {
            int at = text.Text.IndexOf(separator, from, StringComparison.Ordinal);
            if (at < 0) break;
            Add(parts, text, from, at, context);
            from = at + separator.Length;
        }

        Add(parts, text, from, text.Length, context);
        return parts;
    }

    /// <summary>As <see cref="Split"/>, from the end.</summary>
    public static List<Value> SplitFromEnd(TextValue text, string separator, long most, RenderContext context)
    {
        if (separator.Length == 0) throw context.Error("rsplit: the separator is empty.");
        context.ChargeReading(text.Length);
        List<Value> parts = [];
        int until = text.Length;
        while (most < 0 || parts.Count < most)
        {
            int at = until < separator.Length ? -1 : text.Text.AsSpan(0, until).LastIndexOf(separator);
            if (at < 0) break;
            Add(parts, text, at + separator.Length, until, context);
            until = at;
        }

        Add(parts, text, 0, until, context);
        parts.Reverse();
        return parts;
    }

    /// <summary>The words between white space.</summary>
    public static List<Value> SplitWords(TextValue text, long most, RenderContext context)
    {
        context.ChargeReading(text.Length);
        List<Value> parts = [];
        for (int from = PythonSpace.SkipFrom(text.Text, 0); from < text.Length; from = PythonSpace.SkipFrom(text.Text, from))
        {
            int end = from;
            if (most >= 0 && parts.Count == most) end = text.Length;
            else
                while (end < text.Length && !PythonSpace.Is(text.Text[end])) end++;
            Add(parts, text, from, end, context);
            from = end;
            if (most >= 0 && parts.Count > most) break;
        }

        return parts;
    }

    /// <summary>As <see cref="SplitWords"/>, from the end.</summary>
    public static List<Value> SplitWordsFromEnd(TextValue text, long most, RenderContext context)
    {
        if (most < 0) return SplitWords(text, most, context);
        context.ChargeReading(text.Length);
        List<Value> parts = [];
        int end = PythonSpace.TrimEnd(text.Text).Length;
        while (end > 0)
        {
            int start = end;
            if (parts.Count == most) start = 0;
            else
                while (start > 0 && !PythonSpace.Is(text.Text[start - 1])) start--;
            Add(parts, text, start, end, context);
            if (parts.Count > most) break;
            for (end = start; end > 0 && PythonSpace.Is(text.Text[end - 1]);) end--;
        }

        parts.Reverse();
        return parts;
    }

    public static List<Value> SplitLines(TextValue text, bool keepEnds, RenderContext context)
    {
        context.ChargeReading(text.Length);
        List<Value> lines = [];
        for (int from = 0; from < text.Length;)
        {
            int end = from;
            while (end < text.Length && !PythonSpace.EndsLine(text.Text[end])) end++;
            int next = end == text.Length ? end : text.Text.AsSpan(end).StartsWith("\r\n") ? end + 2 : end + 1;
            Add(lines, text, from, keepEnds ? next : end, context);
            from = next;
        }

        return lines;
    }

    public static TextValue Replace(TextValue text, TextValue old, TextValue replacement, long most, RenderContext context)
    {
        if (most < 0) most = long.MaxValue;
        context.ChargeReading(text.Length);
        TextBuilder builder = new(context);
        int from = 0;
        if (old.Length == 0)
        {
            foreach (int start in text.Starts())
            {
                if (most-- <= 0) break;
                builder.Append(text, from, start - from);
                builder.Append(replacement);
                from = start;
            }
        }
        else
        {
            for (int at = Find(text, old, 0); at >= 0 && most-- > 0; at = Find(text, old, from))
            {
                builder.Append(text, from, at - from);
                builder.Append(replacement);
                from = at + old.Length;
            }
        }

        builder.Append(text, from, text.Length - from);
        return builder.ToText();
    }

    /// <summary>Entries as one text.</summary>
    public static TextValue Join(TextValue separator, IReadOnlyList<Value> parts, RenderContext context)
    {
        TextBuilder builder = new(context);
        for (int i = 0; i < parts.Count; i++)
        {
            if (i > 0) builder.Append(separator);
            builder.Append(PythonText.Of(parts[i], context));
        }

        return builder.ToText();
    }

    /// <summary>A text with every character changed; the change is told whether a letter stood before it.</summary>
    public static TextValue Map(TextValue text, Func<string, bool, string> change, RenderContext context)
    {
        TextBuilder builder = new(context);
        bool followsLetter = false;
        int[] starts = text.Starts();
        for (int i = 0; i + 1 < starts.Length; i++)
        {
            string character = text.Text[starts[i]..starts[i + 1]];
            builder.Append(change(character, followsLetter), text.OriginAt(starts[i]));
            followsLetter = IsCased(character);
        }

        return builder.ToText();
    }

    public static string Upper(string character) => character switch
    {
        "ß" => "SS",
        "ﬁ" => "FI",
        "ﬂ" => "FL",
        _ => character.ToUpperInvariant(),
    };

    public static string Lower(string character) => character == "İ" ? "i̇" : character.ToLowerInvariant();

    public static string Title(string character) => character == "ß" ? "Ss" : CultureInfo.InvariantCulture.TextInfo.ToTitleCase(character);

    public static TextValue Pad(TextValue text, long width, TextValue fill, bool before, bool after, RenderContext context)
    {
        context.ChargeReading(text.Length);
        long missing = width - text.CountRunes();
        if (missing <= 0) return text;
        long left = !before ? 0 : !after ? missing : (missing / 2) + (missing & width & 1);
        context.ChargeText(text.Length, Math.Min(missing, int.MaxValue) * Math.Max(1, fill.Length));
        TextBuilder builder = new(context);
        for (long i = 0; i < left; i++) builder.Append(fill);
        builder.Append(text);
        for (long i = left; i < missing; i++) builder.Append(fill);
        return builder.ToText();
    }

    private static int Find(TextValue text, TextValue part, int from) => text.Text.IndexOf(part.Text, from, StringComparison.Ordinal);

    private static bool IsCased(string character) =>
        char.IsLetter(character, 0) && (character.ToUpperInvariant() != character || character.ToLowerInvariant() != character || char.IsUpper(character, 0) || char.IsLower(character, 0));

    private static void Add(List<Value> parts, TextValue text, int start, int end, RenderContext context)
    {
        // A text of its own is worth several steps of memory.
        context.Charge(8);
        parts.Add(text.Part(start, end - start));
    }
}
