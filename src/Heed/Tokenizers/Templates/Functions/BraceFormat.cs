using System.Globalization;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Python's "…".format(…): {}, {0} and {name}, without layout.</summary>
internal static class BraceFormat
{
    public static TextValue Apply(TextValue format, Arguments arguments, RenderContext context)
    {
        TextBuilder builder = new(context);
        string text = format.Text;
        int next = 0;
        for (int i = 0; i < text.Length;)
        {
            int brace = text.AsSpan(i).IndexOfAny('{', '}');
            int at = brace < 0 ? text.Length : i + brace;
            builder.Append(format, i, at - i);
            if (at == text.Length) break;
            if (at + 1 < text.Length && text[at + 1] == text[at])
            {
                builder.Append(format, at, 1);
                i = at + 2;
                continue;
            }

            int end = text[at] == '{' ? text.IndexOf('}', at) : -1;
            if (end < 0) throw context.Error($"format: a single '{text[at]}'.");
            builder.Append(PythonText.Of(Find(text[(at + 1)..end], ref next, arguments, context), context));
            i = end + 1;
        }

        return builder.ToText();
    }

    private static Value Find(string field, ref int next, Arguments arguments, RenderContext context)
    {
        if (field.Length == 0) field = (next++).ToString(CultureInfo.InvariantCulture);
        if (int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            return index < arguments.Positional.Count ? arguments.Positional[index] : throw context.Error($"format: got {arguments.Positional.Count} values; the format uses number {index}.");
        foreach ((string name, Value value) in arguments.Named)
            if (name == field) return value;
        throw context.Error($"format: got the field '{field}'; knows {{}}, numbers and the names of arguments.");
    }
}
