using System.Globalization;
using System.Text.Json;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>Makes calls of the JSON that models write for them, and gives them ids of their own where they have none.</summary>
internal sealed class CallReader(HashSet<string> names, IEnumerable<string> knownIds)
{
    private const int LongestId = 64;
    private readonly HashSet<string> _ids = new(knownIds, StringComparer.Ordinal);
    private int _made;

    /// <summary>The names of the tools that there are.</summary>
    public HashSet<string> Names => names;

    /// <summary>A call from an object with name and arguments.</summary>
    /// <param name="json">The object.</param>
    /// <param name="isMarked">A marker says that it is a call. Otherwise it is one only if it names a tool and has arguments.</param>
    /// <param name="problem">Why it is none.</param>
    public ToolCall? Read(string json, bool isMarked, out string problem)
    {
        if (Parse(json, out problem) is not { } call) return null;
        if (call.TryGetProperty("function", out JsonElement function) && function.ValueKind == JsonValueKind.Object) call = function;
        if (!call.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String || name.GetString() is not { Length: > 0 } known)
        {
            problem = "the call has no name.";
            return null;
        }

        bool hasArguments = call.TryGetProperty("arguments", out JsonElement arguments) || call.TryGetProperty("parameters", out arguments);
        if (!isMarked && (!hasArguments || !names.Contains(known))) return null;
        if (!hasArguments || arguments.ValueKind == JsonValueKind.Null) arguments = JsonElement.Parse("{}");
        string? id = call.TryGetProperty("id", out JsonElement given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        return Make(known, arguments, id, out problem);
    }

    /// <summary>A call of a tool with these arguments.</summary>
    public ToolCall? Read(string name, string arguments, string? id, out string problem) =>
        Parse(arguments, out problem) is { } parsed ? Make(name, parsed, id, out problem) : null;

    private ToolCall? Make(string name, JsonElement arguments, string? id, out string problem)
    {
        problem = "";
        // Some write the object as a text.
        if (arguments.ValueKind == JsonValueKind.String && Parse(arguments.GetString()!, out _) is { } inner) arguments = inner;
        if (arguments.ValueKind != JsonValueKind.Object)
        {
            problem = $"the arguments of '{name}' are {ToolJson.Describe(arguments)}; need an object.";
            return null;
        }

        return new ToolCall(NewId(id), name, arguments);
    }

    private string NewId(string? given)
    {
        if (given is { Length: > 0 and <= LongestId } && _ids.Add(given)) return given;
        // Nine letters and digits: some templates take no other ids.
        string id;
        do id = string.Create(CultureInfo.InvariantCulture, $"call{_made++:D5}");
        while (!_ids.Add(id));
        return id;
    }

    private static JsonElement? Parse(string json, out string problem)
    {
        problem = "";
        try
        {
            JsonElement element = ToolJson.Parse(json);
            if (element.ValueKind == JsonValueKind.Object) return element;
            problem = $"the call is {ToolJson.Describe(element)}; need an object.";
        }
        catch (JsonException e)
        {
            problem = $"the call is no JSON: {e.Message}";
        }

        return null;
    }
}
