using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Heed.Inference.Grammars;

/// <summary>A value inside a schema's text and the way to it, which errors say.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SchemaNode(JsonElement Element, string Path)
{
    public bool Has(string name) => Element.ValueKind == JsonValueKind.Object && Element.TryGetProperty(name, out _);

    public bool HasAny(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            if (Has(name)) return true;
        return false;
    }

    public SchemaNode? Child(string name) =>
        Element.ValueKind == JsonValueKind.Object && Element.TryGetProperty(name, out JsonElement value) ? new SchemaNode(value, $"{Path}/{name}") : null;

    /// <summary>The members of an object, whose names must differ.</summary>
    public List<(string Name, SchemaNode Value)> Members()
    {
        Need(JsonValueKind.Object, "an object");
        List<(string, SchemaNode)> members = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (JsonProperty member in Element.EnumerateObject())
        {
            if (!names.Add(member.Name)) Fail($"'{member.Name}' appears twice");
            members.Add((member.Name, new SchemaNode(member.Value, $"{Path}/{member.Name}")));
        }
        return members;
    }

    public List<SchemaNode> Items()
    {
        Need(JsonValueKind.Array, "an array");
        List<SchemaNode> items = [];
        foreach (JsonElement item in Element.EnumerateArray()) items.Add(new SchemaNode(item, string.Create(CultureInfo.InvariantCulture, $"{Path}/{items.Count}")));
        return items;
    }

    public string Text()
    {
        Need(JsonValueKind.String, "a text");
        return Element.GetString()!;
    }

    /// <summary>A count, such as minItems.</summary>
    public int? Count(string name)
    {
        if (Child(name) is not { } node) return null;
        if (node.Element.ValueKind != JsonValueKind.Number || !node.Element.TryGetDecimal(out decimal value) || value != decimal.Truncate(value) || value is < 0 or > 100_000)
            node.Fail($"it is {node.Shown}; expected a whole number from 0 to 100000");
        return (int)node.Element.GetDecimal();
    }

    /// <summary>A bound of numbers.</summary>
    public decimal? Bound(string name)
    {
        if (Child(name) is not { } node) return null;
        node.Need(JsonValueKind.Number, "a number");
        if (node.Element.TryGetDecimal(out decimal value)) return value;
        node.Fail($"it is {node.Shown}; expected a number of at most 28 digits");
        return null;
    }

    public void Need(JsonValueKind kind, string expected)
    {
        if (Element.ValueKind != kind) Fail($"it is {Shown}; expected {expected}");
    }

    public string Shown => Element.GetRawText() is { Length: <= 60 } text ? text : Element.GetRawText()[..60] + "…";

    [DoesNotReturn]
    public void Fail(string problem) => throw new GrammarException($"JSON Schema: {(Path.Length > 300 ? Path[..300] + "…" : Path)}: {problem}.");
}
