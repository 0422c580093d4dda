using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Heed.Inference.Grammars;

/// <summary>
/// The parts of JSON texts (RFC 8259), bounded where a model could go on for ever without saying anything: between tokens one
/// space, or a line end and some spaces; numbers of at most 16 digits before and after the point.
/// </summary>
internal sealed class JsonRules(GrammarRules rules)
{
    /// <summary>The depth of nesting up to which texts are read by System.Text.Json and most others, with room for what stands around.</summary>
    public const int MaxNesting = 62;

    private const int MaxIndent = 40;
    private int? _space, _string, _character, _number, _integer, _value, _object, _array;

    /// <summary>What may stand between tokens.</summary>
    public GrammarPart Space => new GrammarPart.Call(_space ??= rules.Add("space", GrammarPart.Optional(GrammarPart.AnyOf(
        GrammarPart.Text(" "), GrammarPart.InOrder(GrammarPart.Text("\n"), new GrammarPart.Repeat(GrammarPart.Text(" "), 0, MaxIndent))))));

    public GrammarPart String => new GrammarPart.Call(_string ??= rules.Add("string", InQuotes(GrammarPart.Many(AnyCharacter()))));

    /// <summary>One character inside a string.</summary>
    public GrammarPart Character => new GrammarPart.Call(_character ??= rules.Add("character", AnyCharacter()));

    public GrammarPart Number => new GrammarPart.Call(_number ??= rules.Add("number", GrammarPart.InOrder(
        GrammarPart.Optional(GrammarPart.Text("-")), Digits(15),
        GrammarPart.Optional(GrammarPart.InOrder(GrammarPart.Text("."), new GrammarPart.Repeat(Digit(), 1, 16))),
        GrammarPart.Optional(GrammarPart.InOrder(
            GrammarPart.AnyOf(GrammarPart.Text("e"), GrammarPart.Text("E")), GrammarPart.Optional(GrammarPart.AnyOf(GrammarPart.Text("+"), GrammarPart.Text("-"))),
            new GrammarPart.Repeat(Digit(), 1, 2))))));

    public GrammarPart Integer => new GrammarPart.Call(_integer ??= rules.Add("integer", GrammarPart.InOrder(GrammarPart.Optional(GrammarPart.Text("-")), Digits(14))));

    /// <summary>Any value.</summary>
    public GrammarPart Value => new GrammarPart.Call(ValueRule());

    /// <summary>Any object.</summary>
    public GrammarPart Object => new GrammarPart.Call(_object ??= AddObject());

    /// <summary>Any array.</summary>
    public GrammarPart Array => new GrammarPart.Call(_array ??= AddArray());

    public static GrammarPart Null { get; } = GrammarPart.Text("null");

    public static GrammarPart Boolean { get; } = GrammarPart.AnyOf(GrammarPart.Text("true"), GrammarPart.Text("false"));

    /// <summary>Any JSON text.</summary>
    public static GrammarNetwork Compile()
    {
        GrammarRules rules = new();
        int root = rules.Add("root");
        JsonRules json = new(rules);
        rules[root].Body = GrammarPart.InOrder(json.Space, json.Value);
        return new GrammarNetwork(rules, MaxNesting);
    }

    /// <summary>An array of items that are no less than <paramref name="min"/> and no more than <paramref name="max"/>.</summary>
    public GrammarPart ArrayOf(GrammarPart item, int min, int? max)
    {
        GrammarPart close = GrammarPart.Text("]");
        if (max == 0) return GrammarPart.InOrder(GrammarPart.Text("["), Space, close);
        GrammarPart more = new GrammarPart.Repeat(GrammarPart.InOrder(GrammarPart.Text(","), Space, item), Math.Max(0, min - 1), max - 1);
        GrammarPart some = GrammarPart.InOrder(item, more, Space, close);
        return GrammarPart.InOrder(GrammarPart.Text("["), Space, min > 0 ? some : GrammarPart.AnyOf(some, close));
    }

    /// <summary>An object of any names and values of one kind.</summary>
    public GrammarPart ObjectOf(GrammarPart value)
    {
        GrammarPart pair = GrammarPart.InOrder(String, GrammarPart.Text(":"), Space, value), close = GrammarPart.Text("}");
        GrammarPart more = GrammarPart.Many(GrammarPart.InOrder(GrammarPart.Text(","), Space, pair));
        return GrammarPart.InOrder(GrammarPart.Text("{"), Space, GrammarPart.AnyOf(GrammarPart.InOrder(pair, more, Space, close), close));
    }

    public static GrammarPart InQuotes(GrammarPart content) => GrammarPart.InOrder(GrammarPart.Text("\""), content, GrammarPart.Text("\""));

    /// <summary>A text as a JSON string.</summary>
    public static GrammarPart Quoted(string text) => new GrammarPart.Literal(Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\""));

    /// <summary>The characters of a set, each in the one spelling that a JSON string has for it where it needs an escape.</summary>
    public static GrammarPart InString(CharSet set)
    {
        CharSet escaped = CharSet.Range(0, 0x1F) | CharSet.Of('"') | CharSet.Of('\\');
        List<GrammarPart> parts = [];
        CharSet plain = set & ~escaped;
        if (!plain.IsEmpty) parts.Add(plain.ToUtf8());
        for (int value = 0; value <= '\\'; value++)
            if (escaped.Contains(value) && set.Contains(value)) parts.Add(GrammarPart.Text(EscapeOf(value)));
        return GrammarPart.AnyOf([.. parts]);
    }

    private static string EscapeOf(int value) => value switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{value:x4}"),
    };

    // In any spelling; \u escapes of surrogates only in pairs, since half a pair is no text.
    private static GrammarPart AnyCharacter() => new RegexCompiler(
        """[^"\\\x00-\x1f]|\\(["\\/bfnrt]|u([0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))""",
        set => set.ToUtf8()).Whole();

    private static GrammarPart.Bytes Digit() => new((byte)'0', (byte)'9');

    private static GrammarPart Digits(int more) =>
        GrammarPart.AnyOf(GrammarPart.Text("0"), GrammarPart.InOrder(new GrammarPart.Bytes((byte)'1', (byte)'9'), new GrammarPart.Repeat(Digit(), 0, more)));

    private int ValueRule()
    {
        if (_value is { } known) return known;
        int rule = rules.Add("value");
        _value = rule; // Objects and arrays name it.
        rules[rule].Body = GrammarPart.AnyOf(String, Number, Boolean, Null, Object, Array);
        return rule;
    }

    private int AddObject()
    {
        int rule = rules.Add("object", weight: 1, counts: true);
        _object = rule;
        rules[rule].Body = ObjectOf(Value);
        return rule;
    }

    private int AddArray()
    {
        int rule = rules.Add("array", weight: 1, counts: true);
        _array = rule;
        rules[rule].Body = ArrayOf(Value, 0, null);
        return rule;
    }
}
