using System.Text;

namespace Heed.Stories.Text;

/// <summary>
/// Writes out a template. <c>{a|b}</c> is a choice; <c>{#name:a|b}</c> a choice that is made once per story, so that later
/// sentences follow from it; <c>{?a}</c> may be left out; <c>[slot]</c> a word of the story, <c>[Slot]</c> with a capital.
/// </summary>
internal sealed class Template(Func<string, string> slots, Dictionary<string, int> choices, SplitMix random, int fullness)
{
    private readonly StringBuilder _text = new();

    /// <summary>The template's text, tidied; optional parts are kept in <c>fullness</c> of 100 cases.</summary>
    public string Write(string template)
    {
        _text.Clear();
        Expand(template);
        return Prose.Tidy(_text.ToString());
    }

    private void Expand(ReadOnlySpan<char> template)
    {
        while (!template.IsEmpty)
        {
            int stop = template.IndexOfAny('{', '[');
            if (stop < 0) break;
            _text.Append(template[..stop]);
            int end = Closing(template, stop);
            ReadOnlySpan<char> inner = template[(stop + 1)..end];
            if (template[stop] == '[') _text.Append(Slot(inner.ToString()));
            else Choose(inner);
            template = template[(end + 1)..];
        }
        _text.Append(template);
    }

    private void Choose(ReadOnlySpan<char> inner)
    {
        if (inner.StartsWith("?"))
        {
            if (random.Chance(fullness)) Expand(inner[1..]);
            return;
        }
        if (!inner.StartsWith("#"))
        {
            Expand(Alternative(inner, random.Next(Count(inner))));
            return;
        }
        int colon = inner.IndexOf(':');
        string name = inner[1..colon].ToString();
        inner = inner[(colon + 1)..];
        int count = Count(inner);
        if (!choices.TryGetValue(name, out int chosen)) choices[name] = chosen = random.Next(count);
        if (chosen >= count) throw new InvalidOperationException($"Choice #{name} has {count} alternatives here and at least {chosen + 1} elsewhere.");
        Expand(Alternative(inner, chosen));
    }

    private string Slot(string name)
    {
        if (!char.IsAsciiLetterUpper(name[0])) return slots(name);
        string value = slots(char.ToLowerInvariant(name[0]) + name[1..]);
        return char.ToUpperInvariant(value[0]) + value[1..];
    }

    private static int Closing(ReadOnlySpan<char> template, int open)
    {
        int depth = 0;
        for (int i = open; i < template.Length; i++)
        {
            if (template[i] is '{' or '[') depth++;
            else if (template[i] is '}' or ']' && --depth == 0) return i;
        }
        throw new InvalidOperationException($"Bracket at {open} is never closed in: {template}");
    }

    private static int Count(ReadOnlySpan<char> inner)
    {
        int depth = 0, count = 1;
        foreach (char c in inner)
        {
            if (c == '{') depth++;
            else if (c == '}') depth--;
            else if (c == '|' && depth == 0) count++;
        }
        return count;
    }

    private static ReadOnlySpan<char> Alternative(ReadOnlySpan<char> inner, int index)
    {
        int depth = 0, start = 0;
        for (int i = 0; i < inner.Length; i++)
        {
            if (inner[i] == '{') depth++;
            else if (inner[i] == '}') depth--;
            else if (inner[i] == '|' && depth == 0)
            {
                if (index-- == 0) return inner[start..i];
                start = i + 1;
            }
        }
        return inner[start..];
    }
}
