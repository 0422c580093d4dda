using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Heed.Inference.Grammars;

/// <summary>
/// JSON Schema, what OpenAI's structured outputs allow of it and a little more, as a grammar whose texts are all valid. What
/// it cannot hold to is refused; what a schema only says for people is passed over.
/// </summary>
internal sealed partial class SchemaCompiler
{
    private const int MaxCharacters = 4 << 20, DeepestParts = 48;

    private static readonly string[] s_refused =
    [
        "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "patternProperties", "propertyNames",
        "minProperties", "maxProperties", "unevaluatedProperties", "unevaluatedItems", "prefixItems", "additionalItems", "contains",
        "minContains", "maxContains", "$dynamicRef", "$recursiveRef",
    ];

    private static readonly string[] s_assertions =
    [
        "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "pattern", "format", "minLength",
        "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "anyOf", "allOf", "$ref", "uniqueItems",
    ];

    private readonly SchemaNode _root;
    private readonly GrammarRules _rules = new();
    private readonly JsonRules _json;
    private readonly Dictionary<string, int> _references = new(StringComparer.Ordinal);
    private readonly Queue<(SchemaNode Node, int Rule)> _pending = new();
    private int _deepest;

    private SchemaCompiler(JsonElement root)
    {
        _root = new SchemaNode(root, "#");
        _json = new JsonRules(_rules);
    }

    /// <summary>The grammar of a schema.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="end">What follows the JSON.</param>
    /// <exception cref="GrammarException">The schema is no JSON, is no schema, or has a keyword that cannot be held to.</exception>
    public static GrammarNetwork Compile(string schema, string end = "")
    {
        if (schema.Length > MaxCharacters) throw new GrammarException($"JSON Schema: it has {schema.Length} characters; at most {MaxCharacters} are read.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(schema);
            return new SchemaCompiler(document.RootElement).Compile(end);
        }
        catch (JsonException e)
        {
            throw new GrammarException($"JSON Schema: it is no JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new GrammarException($"JSON Schema: a text in it is no Unicode: {e.Message}", e);
        }
    }

    private GrammarNetwork Compile(string end)
    {
        int start = _rules.Add("root");
        int root = Refer("#", _root);
        _rules[start].Body = GrammarPart.InOrder(_json.Space, new GrammarPart.Call(root), GrammarPart.Text(end));
        int deepest = 0;
        while (_pending.TryDequeue(out (SchemaNode Node, int Rule) next))
        {
            _deepest = 0;
            _rules[next.Rule].Body = Part(next.Node, 0);
            _rules[next.Rule].Weight = Math.Max(1, _deepest);
            deepest = Math.Max(deepest, _deepest);
        }
        if (deepest > DeepestParts) throw new GrammarException($"JSON Schema: objects and arrays nest {deepest} deep; at most {DeepestParts} are supported.");
        return new GrammarNetwork(_rules, JsonRules.MaxNesting);
    }

    private int Refer(string name, SchemaNode node)
    {
        if (_references.TryGetValue(name, out int known)) return known;
        int rule = _rules.Add(name, weight: 1, counts: true);
        _pending.Enqueue((node, rule));
        return _references[name] = rule;
    }

    /// <summary>The texts that a schema allows.</summary>
    /// <param name="node">The schema.</param>
    /// <param name="depth">How many objects and arrays stand around them within the same rule.</param>
    private GrammarPart Part(SchemaNode node, int depth)
    {
        if (node.Element.ValueKind == JsonValueKind.True) return _json.Value;
        if (node.Element.ValueKind == JsonValueKind.False) return GrammarPart.Nothing;
        node.Need(JsonValueKind.Object, "a schema: an object, true or false");
        foreach (string keyword in s_refused)
            if (node.Has(keyword)) node.Fail($"the keyword {keyword} is not supported{(keyword == "oneOf" ? "; anyOf is" : "")}");
        if (node.Child("uniqueItems") is { Element.ValueKind: not JsonValueKind.False }) node.Fail("the keyword uniqueItems is not supported");
        if (node.Child("$ref") is { } reference)
        {
            Alone(node, "$ref");
            return new GrammarPart.Call(Refer(reference.Text(), Target(reference)));
        }
        if (node.HasAny("enum", "const")) return Values(node, depth);
        if (node.Child("anyOf") is { } any)
        {
            Alone(node, "anyOf");
            return GrammarPart.AnyOf([.. any.Items().Select(item => Part(item, depth))]);
        }
        if (node.Child("allOf") is { } all)
        {
            Alone(node, "allOf");
            if (all.Items() is not [var only]) all.Fail("allOf of several schemas is not supported");
            else return Part(only, depth);
        }
        return Typed(node, depth);
    }

    /// <summary>Other assertions beside one that says everything would have to hold at the same time.</summary>
    private static void Alone(SchemaNode node, string keyword, params ReadOnlySpan<string> allowed)
    {
        foreach (string other in s_assertions)
            if (other != keyword && !allowed.Contains(other) && node.Child(other) is { } value && !AllowsAll(other, value.Element)) node.Fail($"{other} beside {keyword} is not supported");
    }

    /// <summary>Whether an assertion says nothing, as the "items": {} that .NET writes beside references to collections.</summary>
    private static bool AllowsAll(string keyword, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => keyword is "items" or "additionalProperties",
        JsonValueKind.Object => keyword is ("items" or "additionalProperties" or "properties") && value.GetPropertyCount() == 0,
        _ => false,
    };

    /// <summary>What a reference points to in the schema's text (RFC 6901).</summary>
    private SchemaNode Target(SchemaNode reference)
    {
        string text = reference.Text();
        if (text is not "#" && !text.StartsWith("#/", StringComparison.Ordinal)) reference.Fail($"'{text}' is not supported; expected # or #/…, a place in this schema");
        SchemaNode node = _root;
        foreach (string escaped in text.Split('/').Skip(1))
        {
            string step = Uri.UnescapeDataString(escaped).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            SchemaNode? next = node.Element.ValueKind == JsonValueKind.Array && int.TryParse(step, out int index) && (uint)index < (uint)node.Element.GetArrayLength()
                ? node.Items()[index] : node.Child(step);
            if (next is null) reference.Fail($"there is nothing at '{text}'");
            else node = next.Value;
        }
        return node;
    }

    /// <summary>The values of enum and const, each as System.Text.Json writes it.</summary>
    private GrammarPart Values(SchemaNode node, int depth)
    {
        string keyword = node.Has("enum") ? "enum" : "const";
        Alone(node, keyword, "type", "enum", "const");
        if (node.HasAny("enum") && node.HasAny("const")) node.Fail("enum beside const is not supported");
        List<SchemaNode> values = keyword == "enum" ? node.Child("enum")!.Value.Items() : [node.Child("const")!.Value];
        List<string>? types = Types(node);
        List<GrammarPart> parts = [];
        foreach (SchemaNode value in values)
            if (types is null || types.Exists(type => IsOfType(value.Element, type)))
            {
                _deepest = Math.Max(_deepest, depth + NestingOf(value.Element));
                parts.Add(new GrammarPart.Literal(Written(value.Element)));
            }
        return GrammarPart.AnyOf([.. parts]);
    }

    private static bool IsOfType(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetDecimal(out decimal number) && decimal.Truncate(number) == number),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        _ => type == "null",
    };

    private static byte[] Written(JsonElement value)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) value.WriteTo(writer);
        return bytes.ToArray();
    }

    private static int NestingOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => 1 + value.EnumerateObject().Select(member => NestingOf(member.Value)).DefaultIfEmpty(0).Max(),
        JsonValueKind.Array => 1 + value.EnumerateArray().Select(NestingOf).DefaultIfEmpty(0).Max(),
        _ => 0,
    };
}
