using System.Text.Json.Nodes;
using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>What a call looks like that must come: the JSON of one call, with arguments that the tool's schema allows.</summary>
internal static class ToolGrammar
{
    /// <summary>The schema of a call of one of the tools.</summary>
    /// <exception cref="ArgumentException">The model has no format for calls.</exception>
    public static string Schema(IReadOnlyList<ToolDefinition> tools, ToolCallFormat format)
    {
        if (format == ToolCallFormat.None) throw new ArgumentException("Chat: the tool choice asks for a call, and the model's chat format has none.", nameof(format));
        string arguments = format == ToolCallFormat.Llama3Json ? "parameters" : "arguments";
        JsonArray calls = [.. tools.Select((tool, i) => Call(tool, arguments, $"#/anyOf/{i}/properties/{arguments}"))];
        return new JsonObject { ["anyOf"] = calls }.ToJsonString();
    }

    private static JsonNode Call(ToolDefinition tool, string arguments, string path)
    {
        JsonObject schema = (JsonObject)JsonNode.Parse(tool.Parameters.GetRawText())!;
        // Arguments are an object, also where a schema does not say so.
        if (!schema.ContainsKey("type") && !schema.ContainsKey("$ref") && !schema.ContainsKey("anyOf") && !schema.ContainsKey("allOf")) schema["type"] = "object";
        Move(schema, path);
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["name"] = new JsonObject { ["const"] = tool.Name }, [arguments] = schema },
            ["required"] = new JsonArray("name", arguments),
            ["additionalProperties"] = false,
        };
    }

    /// <summary>Makes references to places of a schema lead there also where the schema stands inside another one.</summary>
    private static void Move(JsonNode? node, string path)
    {
        if (node is JsonArray items)
        {
            foreach (JsonNode? item in items) Move(item, path);
        }
        else if (node is JsonObject members)
        {
            foreach ((string name, JsonNode? value) in members.ToList())
            {
                // Values that stand for themselves are no schemas.
                if (name is "enum" or "const" or "default" or "examples" && value is not JsonObject { Count: > 0 }) continue;
                if (name == "$ref" && value is JsonValue reference && reference.TryGetValue(out string? target) && target.StartsWith('#')) members[name] = path + target[1..];
                else Move(value, path);
            }
        }
    }
}
