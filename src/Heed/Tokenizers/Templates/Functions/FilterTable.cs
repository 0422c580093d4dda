using System.Collections.Frozen;
using System.Globalization;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Jinja's filters.</summary>
internal static partial class FilterTable
{
    private delegate Value Filter(Value input, Arguments arguments, RenderContext context);

    private static readonly FrozenDictionary<string, Filter> s_filters = new Dictionary<string, Filter>(StringComparer.Ordinal)
    {
        ["abs"] = Absolute,
        ["attr"] = (input, arguments, context) => Attribute(input, arguments, context),
        ["batch"] = Batch,
        ["capitalize"] = (input, arguments, context) => TextMethods.Apply("capitalize", PythonText.Of(input, context), arguments, context),
        ["center"] = Center,
        ["count"] = Length,
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = SortMapping,
        ["e"] = Escape,
        ["escape"] = Escape,
        ["first"] = First,
        ["float"] = ToFloat,
        ["forceescape"] = Escape,
        ["format"] = Format,
        ["groupby"] = GroupBy,
        ["indent"] = Indent,
        ["int"] = ToInteger,
        ["items"] = Items,
        ["join"] = Join,
        ["last"] = Last,
        ["length"] = Length,
        ["list"] = (input, arguments, context) => Only("list", arguments, context, new SequenceValue([.. Entries.Iterate(input, context, "list")])),
        ["lower"] = (input, arguments, context) => TextMethods.Apply("lower", PythonText.Of(input, context), arguments, context),
        ["map"] = Map,
        ["max"] = (input, arguments, context) => Extreme("max", input, arguments, context, sign: 1),
        ["min"] = (input, arguments, context) => Extreme("min", input, arguments, context, sign: -1),
        ["reject"] = (input, arguments, context) => Select("reject", input, arguments, context, keeps: false, byAttribute: false),
        ["rejectattr"] = (input, arguments, context) => Select("rejectattr", input, arguments, context, keeps: false, byAttribute: true),
        ["replace"] = Replace,
        ["reverse"] = Reverse,
        ["round"] = Round,
        ["safe"] = (input, arguments, context) => Only("safe", arguments, context, PythonText.Of(input, context)),
        ["select"] = (input, arguments, context) => Select("select", input, arguments, context, keeps: true, byAttribute: false),
        ["selectattr"] = (input, arguments, context) => Select("selectattr", input, arguments, context, keeps: true, byAttribute: true),
        ["slice"] = Slice,
        ["sort"] = Sort,
        ["string"] = (input, arguments, context) => Only("string", arguments, context, PythonText.Of(input, context)),
        ["sum"] = Sum,
        ["title"] = Title,
        ["tojson"] = ToJson,
        ["trim"] = Trim,
        ["truncate"] = Truncate,
        ["unique"] = Unique,
        ["upper"] = (input, arguments, context) => TextMethods.Apply("upper", PythonText.Of(input, context), arguments, context),
        ["urlencode"] = UrlEncode,
        ["wordcount"] = CountWords,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Has(string name) => s_filters.ContainsKey(name);

    public static Value Apply(string name, Value input, Arguments arguments, RenderContext context) =>
        s_filters.TryGetValue(name, out Filter? filter) ? filter(input, arguments, context) : throw context.Error($"there is no filter '{name}'.");

    private static Value Only(string name, Arguments arguments, RenderContext context, Value value)
    {
        arguments.Bind(context, name, 0);
        return value;
    }

    private static Value Default(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "default", 0, "default_value", "boolean");
        bool isMissing = input is UndefinedValue || ((bound[1]?.IsTrue ?? false) && !input.IsTrue);
        return isMissing ? bound[0] ?? TextValue.Empty : input;
    }

    private static Value Attribute(Value input, Arguments arguments, RenderContext context)
    {
        string name = TextMethods.Text(arguments.Bind(context, "attr", 1, "name")[0], "attr", "name", context).Text;
        return input.Attribute(name, context) ?? new UndefinedValue($"a {input.TypeName} has no attribute '{name}'");
    }

    private static IntegerValue Length(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "length", 0);
        return new IntegerValue(Entries.Length(input, context));
    }

    private static Value Absolute(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "abs", 0);
        return input switch
        {
            FloatValue real => new FloatValue(Math.Abs(real.Number)),
            _ when Arithmetic.TryInteger(input, out long number) => number < 0 ? Arithmetic.Negate(new IntegerValue(number), context) : new IntegerValue(number),
            _ => throw context.Error($"abs: got {Arithmetic.Describe(input)}; need a number."),
        };
    }

    private static Value ToInteger(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "int", 0, "default", "base");
        Value otherwise = bound[0] ?? new IntegerValue(0);
        context.ChargeReading(input is TextValue digits ? digits.Length : 0);
        if (Arithmetic.TryInteger(input, out long whole)) return new IntegerValue(whole);
        if (input is TextValue text && TryParse(text.Text.Trim(), TextMethods.Integer(bound[1], "int", "base", context, 10), out whole)) return new IntegerValue(whole);
        double number = input is FloatValue real ? real.Number : input is TextValue fraction && TryParse(fraction.Text, out double parsed) ? parsed : double.NaN;
        return Math.Abs(number) < 9.2e18 ? new IntegerValue((long)number) : otherwise;
    }

    private static Value ToFloat(Value input, Arguments arguments, RenderContext context)
    {
        Value otherwise = arguments.Bind(context, "float", 0, "default")[0] ?? new FloatValue(0);
        context.ChargeReading(input is TextValue digits ? digits.Length : 0);
        if (Arithmetic.TryNumber(input, out double number, out _)) return new FloatValue(number);
        return input is TextValue text && TryParse(text.Text, out number) ? new FloatValue(number) : otherwise;
    }

    private static bool TryParse(string text, long radix, out long number)
    {
        text = text.Replace("_", string.Empty, StringComparison.Ordinal);
        if (radix == 10) return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        if (radix == 16 && text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) text = text[2..];
        return long.TryParse(text, radix == 16 ? NumberStyles.AllowHexSpecifier : NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture, out number) && radix is 16 or 2;
    }

    private static bool TryParse(string text, out double number)
    {
        text = text.Trim();
        number = text.ToLowerInvariant() switch { "inf" or "+inf" or "infinity" => double.PositiveInfinity, "-inf" or "-infinity" => double.NegativeInfinity, _ => double.NaN };
        return !double.IsNaN(number) || text.Equals("nan", StringComparison.OrdinalIgnoreCase)
            || double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);
    }

    private static Value Round(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "round", 0, "precision", "method");
        long digits = TextMethods.Integer(bound[0], "round", "precision", context, 0);
        string method = bound[1] is null ? "common" : TextMethods.Text(bound[1], "round", "method", context).Text;
        if (!Arithmetic.TryNumber(input, out double number, out bool isFloat)) throw context.Error($"round: got {Arithmetic.Describe(input)}; need a number.");
        if (digits is < 0 or > 15) throw context.Error($"round: got a precision of {digits}; need 0 to 15.");
        if (!isFloat && method == "common") return Arithmetic.Plus(input, context);
        double scale = Math.Pow(10, digits);
        double rounded = method switch
        {
            "common" => RoundHalfToEven(number, (int)digits, scale),
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => throw context.Error($"round: got the method '{method}'; need common, ceil or floor."),
        };
        return new FloatValue(rounded);
    }

    // As Python: by the number's exact value, and to the even digit where that lies in the middle, which only a fraction of 2^(digits + 1) can.
    private static double RoundHalfToEven(double number, int digits, double scale)
    {
        if (Math.Abs(number) > 1e15) return number;
        if (double.IsInteger(number * Math.Pow(2, digits + 1))) return Math.Round(number * scale, MidpointRounding.ToEven) / scale;
        return double.Parse(number.ToString($"F{digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
