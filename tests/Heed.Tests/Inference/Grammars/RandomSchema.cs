using System.Text.Json.Nodes;

namespace Heed.Tests.Inference.Grammars;

/// <summary>Makes schemas that use every supported keyword somewhere.</summary>
internal sealed class RandomSchema(Random random)
{
    private static readonly string[] s_patterns = ["^[a-z]{2,5}$", "[0-9]+", "^a|b$", "^\\d{3}-\\w+$", "\"", "\\\\", "^[^a-z]{0,4}$", "^(?:x|yy)*$", "^.{1,3}$", "^\\s\\S$", "^\\u00e9?[\\t\\n]$"];
    private static readonly string[] s_formats = ["date", "date-time", "time", "uuid", "ipv4", "ipv6", "uri", "hostname", "email", "duration"];
    private int _names;

    public string Make()
    {
        JsonObject schema = random.Next(4) == 0 ? Value(0) : Object(0);
        schema["$defs"] = new JsonObject
        {
            ["leaf"] = Value(3),
            ["tree"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["v"] = Value(3), ["next"] = Any(new JsonObject { ["$ref"] = "#/$defs/tree" }, new JsonObject { ["type"] = "null" }) },
                ["required"] = new JsonArray("v", "next"),
                ["additionalProperties"] = false,
            },
        };
        return schema.ToJsonString();
    }

    private JsonObject Value(int depth) => random.Next(depth >= 3 ? 9 : 13) switch
    {
        0 => Text(),
        1 or 2 => Number(),
        3 => new JsonObject { ["type"] = "boolean", ["description"] = "yes or no" },
        4 => new JsonObject { ["enum"] = new JsonArray("a\"b", "ü\n", 1, -2.5, null, true, new JsonObject { ["k"] = new JsonArray(1, "x") }) },
        5 => new JsonObject { ["const"] = $"fixed {random.Next(9)}" },
        6 => new JsonObject { ["type"] = new JsonArray("string", "null"), ["maxLength"] = 3 },
        7 => new JsonObject { ["type"] = "null" },
        8 => Text(),
        9 => Object(depth + 1),
        10 => Array(depth + 1),
        11 => depth == 0 ? Object(1) : new JsonObject { ["$ref"] = random.Next(2) == 0 ? "#/$defs/leaf" : "#/$defs/tree" },
        _ => Any(Value(depth + 1), Value(depth + 1)),
    };

    private static JsonObject Any(JsonObject a, JsonObject b) => new() { ["anyOf"] = new JsonArray(a, b) };

    private JsonObject Object(int depth)
    {
        JsonObject properties = [];
        JsonArray required = [];
        int count = random.Next(0, 5);
        for (int i = 0; i < count; i++)
        {
            string name = random.Next(5) == 0 ? $"p\"{_names++} ü" : $"p{_names++}";
            properties[name] = Value(depth);
            if (random.Next(3) > 0) required.Add(name);
        }
        JsonObject schema = new() { ["type"] = "object", ["properties"] = properties, ["required"] = required };
        if (random.Next(2) == 0) schema["additionalProperties"] = count > 0 || random.Next(2) == 0 ? (JsonNode)false : Value(3);
        return schema;
    }

    private JsonObject Array(int depth)
    {
        JsonObject schema = new() { ["type"] = "array", ["items"] = Value(depth) };
        int min = random.Next(3);
        if (random.Next(2) == 0) schema["minItems"] = min;
        if (random.Next(2) == 0) schema["maxItems"] = min + random.Next(4);
        return schema;
    }

    private JsonObject Text()
    {
        JsonObject schema = new() { ["type"] = "string" };
        int min = random.Next(4);
        switch (random.Next(4))
        {
            case 0:
                schema["pattern"] = s_patterns[random.Next(s_patterns.Length)];
                break;
            case 1:
                schema["format"] = s_formats[random.Next(s_formats.Length)];
                break;
            case 2:
                schema["minLength"] = min;
                schema["maxLength"] = min + random.Next(5);
                break;
        }
        return schema;
    }

    private JsonObject Number()
    {
        bool whole = random.Next(2) == 0;
        JsonObject schema = new() { ["type"] = whole ? "integer" : "number" };
        decimal Bound() => whole ? random.Next(-2000, 2000) : random.Next(-200000, 200000) / (decimal)Math.Pow(10, random.Next(4));
        (decimal a, decimal b) = (Bound(), Bound());
        if (a > b) (a, b) = (b, a);
        if (random.Next(3) > 0) schema[random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = a;
        if (random.Next(3) > 0) schema[random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = b + 2;
        if (random.Next(4) == 0 && schema.Count == 3) schema.Remove(schema.Last().Key);
        if (random.Next(4) == 0 && schema.Count == 1) schema["multipleOf"] = whole ? random.Next(1, 20) : 0.01m;
        return schema;
    }
}
