using System.Globalization;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Syntax;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Filters of texts.</summary>
internal static partial class FilterTable
{
    private static TextValue Trim(Value input, Arguments arguments, RenderContext context)
    {
        Value? characters = arguments.Bind(context, "trim", 0, "chars")[0];
        string? set = characters is null or NoneValue ? null : TextMethods.Text(characters, "trim", "chars", context).Text;
        return TextOperations.Trim(PythonText.Of(input, context), set, atStart: true, atEnd: true, context);
    }

    private static TextValue Replace(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "replace", 2, "old", "new", "count");
        long most = bound[2] is null or NoneValue ? -1 : TextMethods.Integer(bound[2], "replace", "count", context, -1);
        return TextOperations.Replace(PythonText.Of(input, context), PythonText.Of(bound[0]!, context), PythonText.Of(bound[1]!, context), most, context);
    }

    // Unlike the method of that name, an apostrophe begins no word here.
    private static TextValue Title(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "title", 0);
        bool begins = true;
        return TextOperations.Map(PythonText.Of(input, context), Change, context);

        string Change(string character, bool follows)
        {
            string changed = begins ? TextOperations.Upper(character) : TextOperations.Lower(character);
            begins = PythonSpace.Is(character[0]) || character[0] is '-' or '(' or '{' or '[' or '<';
            return changed;
        }
    }

    private static IntegerValue CountWords(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "wordcount", 0);
        string text = PythonText.Of(input, context).Text;
        context.ChargeReading(text.Length);
        int words = 0;
        for (int i = 0; i < text.Length; i++)
            if (IsWord(text[i]) && (i == 0 || !IsWord(text[i - 1]))) words++;
        return new IntegerValue(words);

        static bool IsWord(char character) => char.IsLetterOrDigit(character) || char.IsNumber(character) || character == '_';
    }

    private static TextValue Center(Value input, Arguments arguments, RenderContext context)
    {
        long width = TextMethods.Integer(arguments.Bind(context, "center", 0, "width")[0], "center", "width", context, 80);
        return TextOperations.Pad(PythonText.Of(input, context), width, TextValue.FromTemplate(" "), before: true, after: true, context);
    }

    private static TextValue Indent(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "indent", 0, "width", "first", "blank");
        TextValue indent = bound[0] is TextValue text ? text
            : TextOperations.Pad(TextValue.Empty, TextMethods.Integer(bound[0], "indent", "width", context, 4), TextValue.FromTemplate(" "), before: true, after: false, context);
        bool first = bound[1]?.IsTrue ?? false, blank = bound[2]?.IsTrue ?? false;
        TextBuilder builder = new(context);
        // The line end added here makes a last line of what follows the last one.
        List<Value> lines = TextOperations.SplitLines(Arithmetic.Join(PythonText.Of(input, context), TextValue.FromTemplate("\n"), context), keepEnds: false, context);
        for (int i = 0; i < lines.Count; i++)
        {
            TextValue line = (TextValue)lines[i];
            if (i > 0) builder.Append("\n");
            if (i == 0 ? first : blank || line.Length > 0) builder.Append(indent);
            builder.Append(line);
        }

        return builder.ToText();
    }

    private static TextValue Truncate(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "truncate", 0, "length", "killwords", "end", "leeway");
        TextValue text = PythonText.Of(input, context), end = bound[2] is null ? TextValue.FromTemplate("...") : TextMethods.Text(bound[2], "truncate", "end", context);
        context.ChargeReading(text.Length);
        long length = TextMethods.Integer(bound[0], "truncate", "length", context, 255);
        long leeway = bound[3] is null or NoneValue ? 5 : TextMethods.Integer(bound[3], "truncate", "leeway", context, 5);
        if (length < end.CountRunes() || leeway < 0) throw context.Error($"truncate: got a length of {length} and a leeway of {leeway}; need at least {end.CountRunes()} and 0.");
        if (text.CountRunes() - leeway <= length) return text;
        TextValue kept = (TextValue)Entries.Slice(text, null, new IntegerValue(length - end.CountRunes()), null, context);
        if (!(bound[1]?.IsTrue ?? false)) kept = (TextValue)TextOperations.SplitFromEnd(kept, " ", 1, context)[0];
        return Arithmetic.Join(kept, end, context);
    }

    private static TextValue Escape(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "escape", 0);
        return TextOperations.Map(PythonText.Of(input, context), (character, _) => character switch
        {
            "&" => "&amp;",
            "<" => "&lt;",
            ">" => "&gt;",
            "'" => "&#39;",
            "\"" => "&#34;",
            _ => character,
        }, context);
    }

    private static TextValue UrlEncode(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "urlencode", 0);
        if (input is SequenceValue or MappingValue) throw context.Error($"urlencode: got {Arithmetic.Describe(input)}; need a text.");
        return TextOperations.Map(PythonText.Of(input, context), (character, _) => character == "/" ? character : Uri.EscapeDataString(character), context);
    }

    private static TextValue Format(Value input, Arguments arguments, RenderContext context)
    {
        if (arguments.Named.Count > 0) throw context.Error($"format: got an argument '{arguments.Named[0].Key}'; placeholders with names are not supported.");
        return PercentFormat.Apply(PythonText.Of(input, context), arguments.Positional, context);
    }

    private static TextValue ToJson(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = bound[1] switch
        {
            null or NoneValue => null,
            TextValue text => text.Text,
            _ => new string(' ', (int)Math.Clamp(TextMethods.Integer(bound[1], "tojson", "indent", context, 0), 0, 100)),
        };
        (string item, string key) = (indent is null ? ", " : ",", ": ");
        if (bound[2] is not (null or NoneValue))
        {
            if (bound[2] is not SequenceValue { Items: [TextValue first, TextValue second] }) throw context.Error("tojson: separators must be two texts.");
            (item, key) = (first.Text, second.Text);
        }

        TextBuilder builder = new(context);
        new JsonText(context, new JsonStyle(item, key, indent, bound[0]?.IsTrue ?? false, bound[3]?.IsTrue ?? false), builder).Write(input);
        return builder.ToText();
    }
}
