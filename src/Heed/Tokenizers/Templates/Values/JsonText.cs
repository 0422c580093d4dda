using System.Globalization;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Functions;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Writes values as Python's json.dumps does.</summary>
internal sealed class JsonText(RenderContext context, JsonStyle style, TextBuilder builder)
{
    private int _level;

    public void Write(Value value)
    {
        context.Enter();
        switch (value)
        {
            case TextValue text: WriteText(text); break;
            case NoneValue: builder.Append("null"); break;
            case BooleanValue boolean: builder.Append(boolean.IsTrue ? "true" : "false"); break;
            case IntegerValue integer: builder.Append(integer.Number.ToString(CultureInfo.InvariantCulture)); break;
            case FloatValue real: builder.Append(OfDouble(real.Number)); break;
            case SequenceValue { Kind: SequenceKind.List or SequenceKind.Tuple } sequence: WriteItems(sequence); break;
            case SequenceValue sequence when context.Dialect == TemplateDialect.JavaScript: WriteItems(sequence); break;
            case MappingValue mapping: WriteEntries(mapping); break;
            case UndefinedValue when style.WritesUndefined: builder.Append("undefined"); break;
            case UndefinedValue when context.Dialect == TemplateDialect.JavaScript: builder.Append("null"); break;
            default: throw context.Error($"tojson: got {Arithmetic.Describe(value)}; need a text, a number, a boolean, none, a list or a dict.");
        }

        context.Leave();
    }

    private void WriteItems(SequenceValue sequence)
    {
        IReadOnlyList<Value> items = sequence.Take();
        builder.Append("[");
        _level++;
        for (int i = 0; i < items.Count; i++)
        {
            Separate(isFirst: i == 0);
            Write(items[i]);
        }

        Close("]", items.Count);
    }

    private void WriteEntries(MappingValue mapping)
    {
        IEnumerable<KeyValuePair<Value, Value>> entries = mapping.Entries;
        if (style.SortsKeys) entries = StableSort.Sort([.. entries], entry => entry.Key, isReversed: false, context);
        builder.Append("{");
        _level++;
        int count = 0;
        foreach ((Value key, Value value) in entries)
        {
            Separate(isFirst: count++ == 0);
            WriteText(Key(key));
            builder.Append(style.KeySeparator);
            Write(value);
        }

        Close("}", count);
    }

    private static TextValue Key(Value key) => key as TextValue ?? TextValue.FromTemplate(key switch
    {
        BooleanValue boolean => boolean.IsTrue ? "true" : "false",
        IntegerValue integer => integer.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue real => OfDouble(real.Number),
        _ => "null",
    });

    private static string OfDouble(double number) =>
        double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : PythonText.OfDouble(number);

    private void Separate(bool isFirst)
    {
        if (!isFirst) builder.Append(style.ItemSeparator);
        BreakLine();
    }

    private void Close(string bracket, int count)
    {
        _level--;
        if (count > 0) BreakLine();
        builder.Append(bracket);
    }

    private void BreakLine()
    {
        if (style.Indent is null) return;
        builder.Append("\n");
        for (int i = 0; i < _level; i++) builder.Append(style.Indent);
    }

    private void WriteText(TextValue text)
    {
        builder.Append("\"");
        int from = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (Escape(text.Text[i]) is not { } escaped) continue;
            builder.Append(text, from, i - from);
            builder.Append(escaped, text.OriginAt(i));
            from = i + 1;
        }

        builder.Append(text, from, text.Length - from);
        builder.Append("\"");
    }

    private string? Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\b' => @"\b",
        '\f' => @"\f",
        < ' ' => $"\\u{(int)character:x4}",
        > '~' when style.EscapesNonAscii => $"\\u{(int)character:x4}",
        _ => null,
    };
}
