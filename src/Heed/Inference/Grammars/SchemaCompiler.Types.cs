using System.Text.Json;

namespace Heed.Inference.Grammars;

/// <summary>Schemas that say a type, or keywords of one.</summary>
internal sealed partial class SchemaCompiler
{
    private static List<string>? Types(SchemaNode node)
    {
        if (node.Child("type") is not { } type) return null;
        List<SchemaNode> names = type.Element.ValueKind == JsonValueKind.Array ? type.Items() : [type];
        foreach (SchemaNode name in names)
            if (name.Text() is not ("object" or "array" or "string" or "number" or "integer" or "boolean" or "null"))
                name.Fail($"'{name.Text()}' is no type; expected object, array, string, number, integer, boolean or null");
        return [.. names.Select(name => name.Text()).Distinct(StringComparer.Ordinal)];
    }

    private GrammarPart Typed(SchemaNode node, int depth)
    {
        List<string> types = Types(node) ?? Implied(node);
        if (types.Count == 0) return node.Has("type") ? GrammarPart.Nothing : _json.Value;
        if (types.Contains("number")) types.Remove("integer");
        return GrammarPart.AnyOf([.. types.Select(type => OfType(type, node, depth))]);
    }

    /// <summary>The types to which the keywords of a schema without a type belong: other values would be valid too, but hardly meant.</summary>
    private static List<string> Implied(SchemaNode node)
    {
        List<string> types = [];
        if (node.HasAny("properties", "required", "additionalProperties")) types.Add("object");
        if (node.HasAny("items", "minItems", "maxItems")) types.Add("array");
        if (node.HasAny("pattern", "format", "minLength", "maxLength")) types.Add("string");
        if (node.HasAny("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")) types.Add("number");
        return types;
    }

    private GrammarPart OfType(string type, SchemaNode node, int depth) => type switch
    {
        "object" => Object(node, depth + 1),
        "array" => Array(node, depth + 1),
        "string" => Text(node),
        "number" => Number(node, isInteger: false),
        "integer" => Number(node, isInteger: true),
        "boolean" => JsonRules.Boolean,
        _ => JsonRules.Null,
    };

    private GrammarPart Array(SchemaNode node, int depth)
    {
        _deepest = Math.Max(_deepest, depth);
        int min = node.Count("minItems") ?? 0;
        int? max = node.Count("maxItems");
        if (max < min) node.Fail($"minItems {min} is above maxItems {max}");
        if (node.Child("items") is not { } items) return min == 0 && max is null ? _json.Array : _json.ArrayOf(_json.Value, min, max);
        GrammarPart item = new GrammarPart.Call(_rules.Add(items.Path, Part(items, depth)));
        return _json.ArrayOf(item, min, max);
    }

    private GrammarPart Object(SchemaNode node, int depth)
    {
        _deepest = Math.Max(_deepest, depth);
        List<(string Name, SchemaNode Value)> members = node.Child("properties") is { } properties ? properties.Members() : [];
        HashSet<string> required = new(StringComparer.Ordinal);
        if (node.Child("required") is { } list)
            foreach (SchemaNode name in list.Items()) required.Add(name.Text());
        SchemaNode? additional = node.Child("additionalProperties");
        bool closed = additional?.Element.ValueKind == JsonValueKind.False;
        foreach (string name in required.Where(name => !members.Exists(member => member.Name == name)))
        {
            if (closed) node.Fail($"'{name}' is required, but no property, and additionalProperties is false");
            members.Add((name, additional ?? new SchemaNode(JsonElement.Parse("true"), $"{node.Path}/required")));
        }
        if (members.Count > 0) return Members(members, required, depth);
        if (closed) return GrammarPart.InOrder(GrammarPart.Text("{"), _json.Space, GrammarPart.Text("}"));
        if (additional is not { } values || values.Element.ValueKind == JsonValueKind.True) return _json.Object;
        return _json.ObjectOf(new GrammarPart.Call(_rules.Add(values.Path, Part(values, depth))));
    }

    /// <summary>Members in the order of the schema, and no others.</summary>
    private GrammarPart Members(List<(string Name, SchemaNode Value)> members, HashSet<string> required, int depth)
    {
        GrammarPart comma = GrammarPart.InOrder(GrammarPart.Text(","), _json.Space), open = GrammarPart.InOrder(GrammarPart.Text("{"), _json.Space);
        GrammarPart[] pairs = [.. members.Select(member => GrammarPart.InOrder(
            JsonRules.Quoted(member.Name), GrammarPart.Text(":"), _json.Space, Part(member.Value, depth)))];
        if (members.TrueForAll(member => required.Contains(member.Name)))
        {
            IEnumerable<GrammarPart> rest = pairs.Skip(1).SelectMany(pair => (GrammarPart[])[comma, pair]);
            return GrammarPart.InOrder([open, pairs[0], .. rest, _json.Space, GrammarPart.Text("}")]);
        }
        // For each member a rule for it or a later one, and a rule for what may follow before it: so each stands in the grammar once.
        GrammarPart end = GrammarPart.InOrder(_json.Space, GrammarPart.Text("}")), next = GrammarPart.Nothing;
        GrammarPart after = new GrammarPart.Call(_rules.Add("}", end));
        bool mayEnd = true;
        for (int i = members.Count - 1; i >= 0; i--)
        {
            string path = members[i].Value.Path;
            bool needed = required.Contains(members[i].Name);
            GrammarPart here = GrammarPart.InOrder(pairs[i], after);
            next = new GrammarPart.Call(_rules.Add(path, needed ? here : GrammarPart.AnyOf(here, next)));
            mayEnd &= !needed;
            GrammarPart more = GrammarPart.InOrder(comma, next);
            after = new GrammarPart.Call(_rules.Add(path, mayEnd ? GrammarPart.AnyOf(more, end) : more));
        }
        return GrammarPart.InOrder(open, mayEnd ? GrammarPart.AnyOf(next, GrammarPart.Text("}")) : next);
    }

    private GrammarPart Text(SchemaNode node)
    {
        int min = node.Count("minLength") ?? 0;
        int? max = node.Count("maxLength");
        if (max < min) node.Fail($"minLength {min} is above maxLength {max}");
        bool bounded = min > 0 || max is not null;
        if (node.Child("format") is { } format)
        {
            if (bounded || node.Has("pattern")) node.Fail("format beside pattern, minLength or maxLength is not supported");
            if (StringFormats.Find(format.Text()) is not { } known) format.Fail($"the format '{format.Text()}' is not supported; expected one of {StringFormats.Known}");
            else return JsonRules.InQuotes(new RegexCompiler(known, JsonRules.InString).Whole());
        }
        if (node.Child("pattern") is { } pattern)
        {
            if (bounded) node.Fail("pattern beside minLength or maxLength is not supported; the pattern can count: ^…{2,5}$");
            return JsonRules.InQuotes(new RegexCompiler(pattern.Text(), JsonRules.InString).Search());
        }
        return bounded ? JsonRules.InQuotes(new GrammarPart.Repeat(_json.Character, min, max)) : _json.String;
    }

    private GrammarPart Number(SchemaNode node, bool isInteger)
    {
        if (!node.HasAny("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")) return isInteger ? _json.Integer : _json.Number;
        (decimal? min, bool minExclusive) = (node.Bound("minimum"), false);
        if (node.Bound("exclusiveMinimum") is { } above && !(min > above)) (min, minExclusive) = (above, true);
        (decimal? max, bool maxExclusive) = (node.Bound("maximum"), false);
        if (node.Bound("exclusiveMaximum") is { } below && !(max < below)) (max, maxExclusive) = (below, true);
        NumberRange range = new(min, minExclusive, max, maxExclusive);
        if (node.Bound("multipleOf") is not { } multiple) return isInteger ? range.Integers() : range.Numbers();
        if (multiple <= 0) node.Fail("multipleOf must be above 0");
        // A whole number that is a multiple of 0.1 is any; of 0.75, none that is easily found.
        if (isInteger && decimal.Truncate(multiple) != multiple)
        {
            if (decimal.Truncate(1 / multiple) * multiple == 1) return range.Integers();
            node.Fail($"multipleOf {multiple} of whole numbers is not supported");
        }
        GrammarPart? part = range.Multiples(multiple, _rules);
        if (part is null) node.Fail($"multipleOf {multiple} within these bounds is not supported; with both bounds at most 1000 multiples, without bounds whole numbers up to 64");
        return part!;
    }
}
