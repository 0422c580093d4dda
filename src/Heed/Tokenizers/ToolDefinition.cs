using System.Text.Json;
using System.Text.Json.Nodes;

namespace Heed.Tokenizers;

/// <summary>A tool that a model may call: a function with named arguments.</summary>
public sealed record ToolDefinition
{
    /// <summary>A tool.</summary>
    /// <param name="name">Its name: letters, digits, and _ - . :, at most 128 characters.</param>
    /// <param name="description">What it does, in words for the model, or null.</param>
    /// <param name="parameters">The JSON schema of its arguments, an object.</param>
    /// <exception cref="ArgumentException">The name has other characters, or the schema is no JSON object.</exception>
    public ToolDefinition(string name, string? description, JsonElement parameters)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsName(name)) throw new ArgumentException($"ToolDefinition: the name is '{name}'; need 1 to 128 ASCII letters, digits, '_', '-', '.' or ':'.", nameof(name));
        (Name, Description, Parameters) = (name, description, ToolJson.Object(parameters, $"ToolDefinition: the parameters of '{name}'", nameof(parameters)));
    }

    /// <summary>A tool with its schema as text.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does, in words for the model, or null.</param>
    /// <param name="parameters">The JSON schema of its arguments.</param>
    /// <exception cref="ArgumentException">The name has other characters, or the schema is no JSON object.</exception>
    public ToolDefinition(string name, string? description, string parameters)
        : this(name, description, Parse(parameters, nameof(parameters)))
    {
    }

    /// <summary>The tool's name.</summary>
    public string Name { get; }

    /// <summary>What the tool does, or null.</summary>
    public string? Description { get; }

    /// <summary>The JSON schema of the arguments, an object.</summary>
    public JsonElement Parameters { get; }

    /// <summary>Tools from a JSON list as OpenAI's API has it, <c>[{"type": "function", "function": {"name", "description", "parameters"}}]</c>, or of the functions alone.</summary>
    /// <param name="json">The list.</param>
    /// <exception cref="ArgumentException">It is no such list; the message says which entry is wrong.</exception>
    public static IReadOnlyList<ToolDefinition> ListFromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        JsonElement list = Parse(json, nameof(json));
        if (list.ValueKind != JsonValueKind.Array) throw new ArgumentException($"Tools: the JSON is {ToolJson.Describe(list)}; need a list of tools.", nameof(json));
        List<ToolDefinition> tools = [];
        foreach (JsonElement entry in list.EnumerateArray()) tools.Add(OfEntry(entry, tools.Count));
        CheckNames(tools);
        return tools;
    }

    /// <summary>Tools as JSON, as OpenAI's API writes them and chat templates expect them.</summary>
    /// <param name="tools">The tools.</param>
    public static JsonArray ListToJson(IReadOnlyList<ToolDefinition> tools)
    {
        ArgumentNullException.ThrowIfNull(tools);
        return [.. tools.Select(tool => tool.ToJson())];
    }

    /// <summary>Refuses two tools of one name.</summary>
    /// <exception cref="ArgumentException">There are two.</exception>
    internal static void CheckNames(IReadOnlyList<ToolDefinition> tools)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (ToolDefinition tool in tools)
            if (!names.Add(tool.Name)) throw new ArgumentException($"Tools: there are two tools with the name '{tool.Name}'; names must differ.", nameof(tools));
    }

    private JsonObject ToJson()
    {
        JsonObject function = new() { ["name"] = Name };
        if (Description is not null) function["description"] = Description;
        function["parameters"] = JsonObject.Create(Parameters);
        return new JsonObject { ["type"] = "function", ["function"] = function };
    }

    private static bool IsName(string name) => name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':');

    private static JsonElement Parse(string json, string parameter)
    {
        ArgumentNullException.ThrowIfNull(json, parameter);
        try
        {
            return ToolJson.Parse(json);
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"Tools: this is no JSON: {e.Message}", parameter, e);
        }
    }

    private static ToolDefinition OfEntry(JsonElement entry, int index)
    {
        if (entry.ValueKind != JsonValueKind.Object) throw new ArgumentException($"Tools: entry {index} is {ToolJson.Describe(entry)}; need an object.");
        JsonElement function = entry.TryGetProperty("function", out JsonElement inner) ? inner : entry;
        if (function.ValueKind != JsonValueKind.Object) throw new ArgumentException($"Tools: the function of entry {index} is {ToolJson.Describe(function)}; need an object.");
        string name = Text(function, "name", index) ?? throw new ArgumentException($"Tools: entry {index} has no name.");
        // A function without parameters has none to describe.
        JsonElement parameters = function.TryGetProperty("parameters", out JsonElement given) && given.ValueKind != JsonValueKind.Null ? given : JsonElement.Parse("""{"type":"object","properties":{}}""");
        return new ToolDefinition(name, Text(function, "description", index), parameters);
    }

    private static string? Text(JsonElement function, string key, int index)
    {
        if (!function.TryGetProperty(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.String) throw new ArgumentException($"Tools: the {key} of entry {index} is {ToolJson.Describe(value)}; need a text.");
        return value.GetString();
    }
}
