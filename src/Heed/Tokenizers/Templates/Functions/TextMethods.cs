using System.Collections.Frozen;
using System.Text;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>The methods of texts, by Python's names.</summary>
internal static class TextMethods
{
    private delegate Value Method(TextValue text, Arguments arguments, RenderContext context);

    private static readonly FrozenDictionary<string, Method> s_methods = new Dictionary<string, Method>(StringComparer.Ordinal)
    {
        ["upper"] = (text, arguments, context) => Map("upper", text, arguments, context, (character, _) => TextOperations.Upper(character)),
        ["lower"] = (text, arguments, context) => Map("lower", text, arguments, context, (character, _) => TextOperations.Lower(character)),
        ["casefold"] = (text, arguments, context) => Map("casefold", text, arguments, context, (character, _) => character == "ß" ? "ss" : TextOperations.Lower(character)),
        ["title"] = (text, arguments, context) => Map("title", text, arguments, context, (character, follows) => follows ? TextOperations.Lower(character) : TextOperations.Title(character)),
        ["swapcase"] = (text, arguments, context) => Map("swapcase", text, arguments, context, (character, _) => char.IsUpper(character, 0) ? TextOperations.Lower(character) : TextOperations.Upper(character)),
        ["capitalize"] = Capitalize,
        ["strip"] = (text, arguments, context) => Strip("strip", text, arguments, context, atStart: true, atEnd: true),
        ["lstrip"] = (text, arguments, context) => Strip("lstrip", text, arguments, context, atStart: true, atEnd: false),
        ["rstrip"] = (text, arguments, context) => Strip("rstrip", text, arguments, context, atStart: false, atEnd: true),
        ["split"] = (text, arguments, context) => Split("split", text, arguments, context, TextOperations.Split, TextOperations.SplitWords),
        ["rsplit"] = (text, arguments, context) => Split("rsplit", text, arguments, context, TextOperations.SplitFromEnd, TextOperations.SplitWordsFromEnd),
        ["splitlines"] = (text, arguments, context) => new SequenceValue(TextOperations.SplitLines(text, arguments.Bind(context, "splitlines", 0, "keepends")[0]?.IsTrue ?? false, context)),
        ["partition"] = (text, arguments, context) => Partition("partition", text, arguments, context, fromEnd: false),
        ["rpartition"] = (text, arguments, context) => Partition("rpartition", text, arguments, context, fromEnd: true),
        ["replace"] = Replace,
        ["removeprefix"] = (text, arguments, context) => Affix(text, arguments, context, "removeprefix") is { } part && text.Text.StartsWith(part, StringComparison.Ordinal) ? text.Part(part.Length, text.Length - part.Length) : text,
        ["removesuffix"] = (text, arguments, context) => Affix(text, arguments, context, "removesuffix") is { } part && text.Text.EndsWith(part, StringComparison.Ordinal) ? text.Part(0, text.Length - part.Length) : text,
        ["startswith"] = (text, arguments, context) => BooleanValue.Of(Affixes(text, arguments, context, "startswith").Any(part => text.Text.StartsWith(part, StringComparison.Ordinal))),
        ["endswith"] = (text, arguments, context) => BooleanValue.Of(Affixes(text, arguments, context, "endswith").Any(part => text.Text.EndsWith(part, StringComparison.Ordinal))),
        ["find"] = (text, arguments, context) => new IntegerValue(Find("find", text, arguments, context, last: false)),
        ["rfind"] = (text, arguments, context) => new IntegerValue(Find("rfind", text, arguments, context, last: true)),
        ["index"] = (text, arguments, context) => Find("index", text, arguments, context, last: false) is >= 0 and var at ? new IntegerValue(at) : throw context.Error("index: the text is not found."),
        ["count"] = Count,
        ["join"] = Join,
        ["format"] = (text, arguments, context) => BraceFormat.Apply(text, arguments, context),
        ["center"] = (text, arguments, context) => Pad("center", text, arguments, context, before: true, after: true),
        ["ljust"] = (text, arguments, context) => Pad("ljust", text, arguments, context, before: false, after: true),
        ["rjust"] = (text, arguments, context) => Pad("rjust", text, arguments, context, before: true, after: false),
        ["zfill"] = ZeroFill,
        ["isdigit"] = (text, arguments, context) => Each("isdigit", text, arguments, context, char.IsDigit),
        ["isdecimal"] = (text, arguments, context) => Each("isdecimal", text, arguments, context, char.IsDigit),
        ["isnumeric"] = (text, arguments, context) => Each("isnumeric", text, arguments, context, char.IsNumber),
        ["isalpha"] = (text, arguments, context) => Each("isalpha", text, arguments, context, char.IsLetter),
        ["isalnum"] = (text, arguments, context) => Each("isalnum", text, arguments, context, char.IsLetterOrDigit),
        ["isspace"] = (text, arguments, context) => Each("isspace", text, arguments, context, Syntax.PythonSpace.Is),
        ["islower"] = (text, arguments, context) => Case("islower", text, arguments, context, isUpper: false),
        ["isupper"] = (text, arguments, context) => Case("isupper", text, arguments, context, isUpper: true),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static FunctionValue? Find(TextValue text, string name) =>
        s_methods.TryGetValue(name, out Method? method) ? new FunctionValue(name, (arguments, context) => method(text, arguments, context)) : null;

    /// <summary>Applies a method by its name, for the filters that do the same.</summary>
    public static Value Apply(string name, TextValue text, Arguments arguments, RenderContext context) => s_methods[name](text, arguments, context);

    /// <summary>Whether all letters have one case, and there is one.</summary>
    public static bool HasCase(string text, bool isUpper) =>
        text.Any(isUpper ? char.IsUpper : char.IsLower) && !text.Any(isUpper ? char.IsLower : char.IsUpper);

    public static TextValue Text(Value? value, string operation, string argument, RenderContext context) =>
        value as TextValue ?? throw context.Error($"{operation}: got {(value is null ? "nothing" : Arithmetic.Describe(value))} for '{argument}'; need a text.");

    public static long Integer(Value? value, string operation, string argument, RenderContext context, long otherwise) => value switch
    {
        null => otherwise,
        _ when Arithmetic.TryInteger(value, out long number) => number,
        _ => throw context.Error($"{operation}: got {Arithmetic.Describe(value)} for '{argument}'; need a whole number."),
    };

    private static TextValue Map(string name, TextValue text, Arguments arguments, RenderContext context, Func<string, bool, string> change)
    {
        arguments.Bind(context, name, 0);
        return TextOperations.Map(text, change, context);
    }

    private static TextValue Capitalize(TextValue text, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "capitalize", 0);
        bool isFirst = true;
        return TextOperations.Map(text, Change, context);

        string Change(string character, bool follows)
        {
            string changed = isFirst ? TextOperations.Title(character) : TextOperations.Lower(character);
            isFirst = false;
            return changed;
        }
    }

    private static TextValue Strip(string name, TextValue text, Arguments arguments, RenderContext context, bool atStart, bool atEnd)
    {
        Value? characters = arguments.BindUnnamed(context, name, 0, "chars")[0];
        return TextOperations.Trim(text, characters is null or NoneValue ? null : Text(characters, name, "chars", context).Text, atStart, atEnd, context);
    }

    private static SequenceValue Split(
        string name, TextValue text, Arguments arguments, RenderContext context,
        Func<TextValue, string, long, RenderContext, List<Value>> bySeparator, Func<TextValue, long, RenderContext, List<Value>> byWords)
    {
        Value?[] bound = arguments.Bind(context, name, 0, "sep", "maxsplit");
        long most = Integer(bound[1], name, "maxsplit", context, -1);
        return new SequenceValue(bound[0] is null or NoneValue ? byWords(text, most, context) : bySeparator(text, Text(bound[0], name, "sep", context).Text, most, context));
    }

    private static SequenceValue Partition(string name, TextValue text, Arguments arguments, RenderContext context, bool fromEnd)
    {
        TextValue separator = Text(arguments.BindUnnamed(context, name, 1, "sep")[0], name, "sep", context);
        List<Value> parts = fromEnd ? TextOperations.SplitFromEnd(text, separator.Text, 1, context) : TextOperations.Split(text, separator.Text, 1, context);
        if (parts.Count == 1) parts = fromEnd ? [TextValue.Empty, TextValue.Empty, text] : [text, TextValue.Empty, TextValue.Empty];
        else parts.Insert(1, text.Part(((TextValue)parts[0]).Length, separator.Length));
        return new SequenceValue(parts, SequenceKind.Tuple);
    }

    private static TextValue Join(TextValue text, Arguments arguments, RenderContext context)
    {
        IReadOnlyList<Value> parts = Entries.Iterate(arguments.BindUnnamed(context, "join", 1, "iterable")[0]!, context, "join");
        if (context.Dialect == TemplateDialect.Python && parts.FirstOrDefault(part => part is not TextValue) is { } other)
            throw context.Error($"join: got {Arithmetic.Describe(other)}; need texts. The filter join takes other values too.");
        return TextOperations.Join(text, parts, context);
    }

    private static TextValue Replace(TextValue text, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.BindUnnamed(context, "replace", 2, "old", "new", "count");
        return TextOperations.Replace(text, Text(bound[0], "replace", "old", context), Text(bound[1], "replace", "new", context), Integer(bound[2], "replace", "count", context, -1), context);
    }

    private static string Affix(TextValue text, Arguments arguments, RenderContext context, string name)
    {
        context.ChargeReading(text.Length);
        return Text(arguments.BindUnnamed(context, name, 1, "affix")[0], name, "affix", context).Text;
    }

    private static IEnumerable<string> Affixes(TextValue text, Arguments arguments, RenderContext context, string name)
    {
        context.ChargeReading(text.Length);
        Value affix = arguments.BindUnnamed(context, name, 1, "affix")[0]!;
        return affix is SequenceValue { Kind: SequenceKind.Tuple } several ? several.Items.Select(part => Text(part, name, "affix", context).Text) : [Text(affix, name, "affix", context).Text];
    }

    private static long Find(string name, TextValue text, Arguments arguments, RenderContext context, bool last)
    {
        Value?[] bound = arguments.BindUnnamed(context, name, 1, "sub", "start", "end");
        TextValue part = Text(bound[0], name, "sub", context);
        context.ChargeReading(text.Length);
        int[] starts = text.Starts();
        (long from, long to, _) = SliceRange.Of(bound[1], bound[2], null, starts.Length - 1, context);
        if (from > to) return -1;
        ReadOnlySpan<char> searched = text.Text.AsSpan(starts[from]..starts[to]);
        int at = last ? searched.LastIndexOf(part.Text) : searched.IndexOf(part.Text);
        if (at >= 0 && last && part.Length == 0) at = searched.Length;
        return at < 0 ? -1 : Array.BinarySearch(starts, starts[from] + at);
    }

    private static IntegerValue Count(TextValue text, Arguments arguments, RenderContext context)
    {
        TextValue part = Text(arguments.BindUnnamed(context, "count", 1, "sub")[0], "count", "sub", context);
        return new IntegerValue(part.Length == 0 ? text.CountRunes() + 1 : TextOperations.Split(text, part.Text, -1, context).Count - 1);
    }

    private static TextValue Pad(string name, TextValue text, Arguments arguments, RenderContext context, bool before, bool after)
    {
        Value?[] bound = arguments.BindUnnamed(context, name, 1, "width", "fillchar");
        TextValue fill = bound[1] is null ? TextValue.FromTemplate(" ") : Text(bound[1], name, "fillchar", context);
        if (fill.CountRunes() != 1) throw context.Error($"{name}: got {fill.CountRunes()} characters to fill with; need one.");
        return TextOperations.Pad(text, Integer(bound[0], name, "width", context, 0), fill, before, after, context);
    }

    private static TextValue ZeroFill(TextValue text, Arguments arguments, RenderContext context)
    {
        long width = Integer(arguments.BindUnnamed(context, "zfill", 1, "width")[0], "zfill", "width", context, 0);
        int sign = text.Text is ['+' or '-', ..] ? 1 : 0;
        TextValue digits = TextOperations.Pad(text.Part(sign, text.Length - sign), width - sign, TextValue.FromTemplate("0"), before: true, after: false, context);
        return Arithmetic.Join(text.Part(0, sign), digits, context);
    }

    private static BooleanValue Each(string name, TextValue text, Arguments arguments, RenderContext context, Func<char, bool> holds)
    {
        arguments.Bind(context, name, 0);
        context.ChargeReading(text.Length);
        return BooleanValue.Of(text.Length > 0 && text.Text.All(holds));
    }

    private static BooleanValue Case(string name, TextValue text, Arguments arguments, RenderContext context, bool isUpper)
    {
        arguments.Bind(context, name, 0);
        context.ChargeReading(text.Length);
        return BooleanValue.Of(HasCase(text.Text, isUpper));
    }
}
