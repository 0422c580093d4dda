using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>A part of a JSON file together with its place, so that an error can say where it is.</summary>
internal readonly struct JsonPart(string path, string name, JsonElement element)
{
    public string Name => name;

    public JsonElement Element => element;

    /// <summary>The "type" of a component.</summary>
    public string Type => Text("type");

    /// <summary>A member, or null where it is missing or null.</summary>
    public JsonPart? Child(string member)
    {
        Need(JsonValueKind.Object, "an object");
        return element.TryGetProperty(member, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? new JsonPart(path, Path(member), value) : null;
    }

    /// <summary>A member that must be there.</summary>
    public JsonPart Required(string member) => Child(member) ?? throw Error($"'{member}' is missing");

    public string Text(string member) => Required(member).AsText();

    public string? TextOrNull(string member) => Child(member)?.AsText();

    public bool Flag(string member, bool missing = false)
    {
        if (Child(member) is not { } part) return missing;
        return part.Element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw part.Error("expected true or false"),
        };
    }

    public int Int(string member)
    {
        JsonPart part = Required(member);
        return part.Element.ValueKind == JsonValueKind.Number && part.Element.TryGetInt32(out int value) ? value : throw part.Error("expected a whole number");
    }

    /// <summary>The items of an array.</summary>
    public IEnumerable<JsonPart> Items()
    {
        Need(JsonValueKind.Array, "an array");
        (string file, string place, int index) = (path, name, 0);
        foreach (JsonElement item in element.EnumerateArray()) yield return new JsonPart(file, $"{place}[{index++}]", item);
    }

    public string AsText()
    {
        Need(JsonValueKind.String, "a string");
        return element.GetString()!;
    }

    public void Need(JsonValueKind kind, string what)
    {
        if (element.ValueKind != kind) throw Error($"got {element.ValueKind}, expected {what}");
    }

    public FileFormatException Error(string problem) => new(path, problem, name.Length == 0 ? null : name);

    /// <summary>The error for a component that exists but is not implemented.</summary>
    public FileFormatException Unsupported(string what) => Error($"{what} is not supported");

    private string Path(string member) => name.Length == 0 ? member : $"{name}.{member}";
}
