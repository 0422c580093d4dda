using System.Globalization;
using System.Text;
using Heed.Tokenizers.Templates.Execution;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Values as text: Python's str() and repr().</summary>
internal static class PythonText
{
    /// <summary>str(): a text as it is, other values as they are written.</summary>
    public static TextValue Of(Value value, RenderContext context)
    {
        if (value is TextValue text) return text;
        TextBuilder builder = new(context);
        if (context.Dialect == TemplateDialect.JavaScript && value is SequenceValue or MappingValue) new JsonText(context, JsonStyle.JavaScript, builder).Write(value);
        else Write(value, builder, context);
        return builder.ToText();
    }

    /// <summary>repr(): texts in quotes.</summary>
    public static TextValue Quoted(Value value, RenderContext context)
    {
        TextBuilder builder = new(context);
        Write(value, builder, context, isInside: true);
        return builder.ToText();
    }

    /// <summary>A double in its shortest form: 1.0, 1e+16, 1e-05.</summary>
    public static string OfDouble(double number)
    {
        if (double.IsNaN(number)) return "nan";
        if (double.IsInfinity(number)) return number > 0 ? "inf" : "-inf";
        string shortest = number.ToString("E16", CultureInfo.InvariantCulture);
        string digits = number.ToString("R", CultureInfo.InvariantCulture);
        int exponent = number == 0 ? 0 : int.Parse(shortest.AsSpan(shortest.IndexOf('E') + 1), CultureInfo.InvariantCulture);
        if (number == 0) return double.IsNegative(number) ? "-0.0" : "0.0";
        string sign = number < 0 ? "-" : string.Empty;
        string mantissa = Mantissa(digits);
        if (exponent is < -4 or >= 16)
        {
            string fraction = mantissa.Length > 1 ? $".{mantissa[1..]}" : string.Empty;
            return $"{sign}{mantissa[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{mantissa}";
        mantissa = mantissa.PadRight(exponent + 2, '0');
        return $"{sign}{mantissa[..(exponent + 1)]}.{mantissa[(exponent + 1)..]}";
    }

    // The significant digits, without zeros at either end.
    private static string Mantissa(string digits)
    {
        int end = digits.IndexOf('E');
        string all = string.Concat((end < 0 ? digits : digits[..end]).Where(char.IsAsciiDigit)).TrimStart('0').TrimEnd('0');
        return all.Length == 0 ? "0" : all;
    }

    private static void Write(Value value, TextBuilder builder, RenderContext context, bool isInside = false)
    {
        context.Enter();
        bool isPython = context.Dialect == TemplateDialect.Python;
        switch (value)
        {
            case TextValue text when isInside: WriteQuoted(text, builder); break;
            case TextValue text: builder.Append(text); break;
            case UndefinedValue when isInside: builder.Append("Undefined"); break;
            case UndefinedValue: break;
            case NoneValue: builder.Append(isPython ? "None" : "null"); break;
            case BooleanValue boolean: builder.Append(isPython ? (boolean.IsTrue ? "True" : "False") : (boolean.IsTrue ? "true" : "false")); break;
            case IntegerValue integer: builder.Append(integer.Number.ToString(CultureInfo.InvariantCulture)); break;
            case FloatValue real: builder.Append(OfDouble(real.Number)); break;
            case SequenceValue { Shown: { } shown }: builder.Append(shown); break;
            case SequenceValue sequence: WriteItems(sequence, builder, context); break;
            case MappingValue mapping: WriteEntries(mapping, builder, context); break;
            default: builder.Append($"<{value.TypeName}>"); break;
        }

        context.Leave();
    }

    private static void WriteItems(SequenceValue sequence, TextBuilder builder, RenderContext context)
    {
        bool isTuple = sequence.Kind == SequenceKind.Tuple;
        builder.Append(isTuple ? "(" : sequence.Kind == SequenceKind.View ? "dict_view([" : "[");
        for (int i = 0; i < sequence.Items.Count; i++)
        {
            if (i > 0) builder.Append(", ");
            Write(sequence.Items[i], builder, context, isInside: true);
        }

        builder.Append(isTuple ? (sequence.Items.Count == 1 ? ",)" : ")") : sequence.Kind == SequenceKind.View ? "])" : "]");
    }

    private static void WriteEntries(MappingValue mapping, TextBuilder builder, RenderContext context)
    {
        builder.Append("{");
        bool isFirst = true;
        foreach ((Value key, Value value) in mapping.Entries)
        {
            if (!isFirst) builder.Append(", ");
            isFirst = false;
            Write(key, builder, context, isInside: true);
            builder.Append(": ");
            Write(value, builder, context, isInside: true);
        }

        builder.Append("}");
    }

    private static void WriteQuoted(TextValue text, TextBuilder builder)
    {
        char quote = text.Text.Contains('\'', StringComparison.Ordinal) && !text.Text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        builder.Append(quote, TextOrigin.Template);
        for (int i = 0; i < text.Length;)
        {
            bool isRune = Rune.TryGetRuneAt(text.Text, i, out Rune rune);
            int length = isRune ? rune.Utf16SequenceLength : 1;
            if (Escape(isRune ? rune.Value : text.Text[i], quote, isRune && IsPrintable(rune)) is { } escaped) builder.Append(escaped, text.OriginAt(i));
            else builder.Append(text, i, length);
            i += length;
        }

        builder.Append(quote, TextOrigin.Template);
    }

    private static string? Escape(int code, char quote, bool isPrintable) => code switch
    {
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        _ when code == quote => $"\\{quote}",
        _ when isPrintable => null,
        <= 0xFF => $"\\x{code:x2}",
        <= 0xFFFF => $"\\u{code:x4}",
        _ => $"\\U{code:x8}",
    };

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
