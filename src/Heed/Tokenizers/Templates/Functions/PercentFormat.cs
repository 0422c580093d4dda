using System.Globalization;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Python's "…" % (…): %s, %r, %d, %i, %f, %x and %%, with a width, a precision, - and 0.</summary>
internal static class PercentFormat
{
    public static TextValue Apply(TextValue format, IReadOnlyList<Value> values, RenderContext context)
    {
        TextBuilder builder = new(context);
        int used = 0;
        string text = format.Text;
        for (int from = 0; from < text.Length;)
        {
            int at = text.IndexOf('%', from);
            if (at < 0) at = text.Length;
            builder.Append(format, from, at - from);
            from = at + 1;
            if (at == text.Length) break;
            (string flags, long width, long precision) = ReadLayout(text, ref from, context);
            char kind = from < text.Length ? text[from++] : throw context.Error("'%': the format ends within a placeholder.");
            if (kind == '%') builder.Append("%");
            else
            {
                if (used == values.Count) throw context.Error($"'%': the format needs more than {values.Count} values.");
                builder.Append(Lay(Convert(values[used++], kind, precision, context), flags, width, kind, context));
            }
        }

        // A dict serves formats by name, which are not supported; one value that nothing uses is a mistake.
        if (used < values.Count) throw context.Error($"'%': got {values.Count} values; the format uses {used}.");
        return builder.ToText();
    }

    private static (string Flags, long Width, long Precision) ReadLayout(string text, ref int from, RenderContext context)
    {
        int start = from;
        while (from < text.Length && text[from] is '-' or '0' or '+' or ' ') from++;
        string flags = text[start..from];
        long width = ReadNumber(text, ref from) ?? 0, precision = -1;
        if (from < text.Length && text[from] == '.')
        {
            from++;
            precision = ReadNumber(text, ref from) ?? 0;
        }

        if (width > context.MaxTextLength || precision > 100) throw context.Error($"'%': a width of {width} and a precision of {precision}; too much.");
        return (flags, width, precision);
    }

    private static long? ReadNumber(string text, ref int from)
    {
        int start = from;
        while (from < text.Length && char.IsAsciiDigit(text[from])) from++;
        return from == start ? null : from - start > 9 ? int.MaxValue : long.Parse(text.AsSpan(start, from - start), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static TextValue Convert(Value value, char kind, long precision, RenderContext context)
    {
        switch (kind)
        {
            case 's' or 'r':
                TextValue text = kind == 's' ? PythonText.Of(value, context) : PythonText.Quoted(value, context);
                return precision >= 0 && precision < text.Length ? (TextValue)Entries.Slice(text, null, new IntegerValue(precision), null, context) : text;
            case 'd' or 'i' or 'u' or 'x' or 'X':
                if (value is FloatValue { Number: var real } && Math.Abs(real) < 9e18 && kind is not ('x' or 'X')) value = new IntegerValue((long)real);
                if (!Arithmetic.TryInteger(value, out long number)) throw context.Error($"'%{kind}': got {Arithmetic.Describe(value)}; need a whole number.");
                return TextValue.FromTemplate(kind is 'x' or 'X' ? number.ToString(kind.ToString(), CultureInfo.InvariantCulture) : number.ToString(CultureInfo.InvariantCulture));
            case 'f' or 'F':
                if (!Arithmetic.TryNumber(value, out double fraction, out _)) throw context.Error($"'%{kind}': got {Arithmetic.Describe(value)}; need a number.");
                return TextValue.FromTemplate(fraction.ToString($"F{(precision < 0 ? 6 : precision)}", CultureInfo.InvariantCulture));
            default: throw context.Error($"'%': got the placeholder '%{kind}'; knows %s, %r, %d, %i, %f, %x and %%.");
        }
    }

    private static TextValue Lay(TextValue text, string flags, long width, char kind, RenderContext context)
    {
        bool isNumber = kind is not ('s' or 'r');
        if (isNumber && !text.Text.StartsWith('-') && (flags.Contains('+', StringComparison.Ordinal) || flags.Contains(' ', StringComparison.Ordinal)))
            text = TextValue.FromTemplate((flags.Contains('+', StringComparison.Ordinal) ? "+" : " ") + text.Text);
        if (flags.Contains('-', StringComparison.Ordinal)) return TextOperations.Pad(text, width, TextValue.FromTemplate(" "), before: false, after: true, context);
        if (isNumber && flags.Contains('0', StringComparison.Ordinal))
            return (TextValue)TextMethods.Apply("zfill", text, new Arguments([new IntegerValue(width)], []), context);
        return TextOperations.Pad(text, width, TextValue.FromTemplate(" "), before: true, after: false, context);
    }
}
