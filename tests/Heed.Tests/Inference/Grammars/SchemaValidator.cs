using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;

namespace Heed.Tests.Inference.Grammars;

/// <summary>A small validator of JSON Schema, written from its specification and apart from the compiler: the tests' witness.</summary>
internal sealed class SchemaValidator(JsonElement root)
{
    public static bool IsValid(string schema, string text)
    {
        using JsonDocument rules = JsonDocument.Parse(schema);
        using JsonDocument value = JsonDocument.Parse(text);
        return new SchemaValidator(rules.RootElement).Holds(rules.RootElement, value.RootElement);
    }

    private bool Holds(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return schema.ValueKind == JsonValueKind.True;
        foreach (JsonProperty keyword in schema.EnumerateObject())
            if (!Holds(keyword.Name, keyword.Value, schema, value)) return false;
        return true;
    }

    private bool Holds(string keyword, JsonElement rule, JsonElement schema, JsonElement value) => keyword switch
    {
        "$ref" => Holds(Find(rule.GetString()!), value),
        "anyOf" => rule.EnumerateArray().Any(item => Holds(item, value)),
        "allOf" => rule.EnumerateArray().All(item => Holds(item, value)),
        "enum" => rule.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value)),
        "const" => JsonElement.DeepEquals(rule, value),
        "type" => rule.ValueKind == JsonValueKind.Array ? rule.EnumerateArray().Any(item => Is(item.GetString()!, value)) : Is(rule.GetString()!, value),
        _ => value.ValueKind switch
        {
            JsonValueKind.Object => HoldsOfObject(keyword, rule, schema, value),
            JsonValueKind.Array => HoldsOfArray(keyword, rule, value),
            JsonValueKind.String => HoldsOfText(keyword, rule, value.GetString()!),
            JsonValueKind.Number => HoldsOfNumber(keyword, rule, value.GetDouble(), value),
            _ => true,
        },
    };

    private static bool Is(string type, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.GetDouble() % 1 == 0),
        JsonValueKind.Null => type == "null",
        _ => type == "boolean",
    };

    private bool HoldsOfObject(string keyword, JsonElement rule, JsonElement schema, JsonElement value)
    {
        switch (keyword)
        {
            case "required":
                return rule.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _));
            case "properties":
                return value.EnumerateObject().All(member => !rule.TryGetProperty(member.Name, out JsonElement inner) || Holds(inner, member.Value));
            case "additionalProperties":
                bool Declared(string name) => schema.TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(name, out _);
                return value.EnumerateObject().All(member => Declared(member.Name) || Holds(rule, member.Value));
            default:
                return true;
        }
    }

    private bool HoldsOfArray(string keyword, JsonElement rule, JsonElement value) => keyword switch
    {
        "items" => value.EnumerateArray().All(item => Holds(rule, item)),
        "minItems" => value.GetArrayLength() >= rule.GetInt32(),
        "maxItems" => value.GetArrayLength() <= rule.GetInt32(),
        _ => true,
    };

    private static bool HoldsOfText(string keyword, JsonElement rule, string text) => keyword switch
    {
        "minLength" => text.EnumerateRunes().Count() >= rule.GetInt32(),
        "maxLength" => text.EnumerateRunes().Count() <= rule.GetInt32(),
        "pattern" => Regex.IsMatch(WithoutPairs(text), rule.GetString()!.Replace("$", "\\z", StringComparison.Ordinal), RegexOptions.None, TimeSpan.FromSeconds(5)),
        "format" => IsOfFormat(rule.GetString()!, text),
        _ => true,
    };

    // .NET counts the halves of a pair as characters.
    private static string WithoutPairs(string text) => string.Concat(text.EnumerateRunes().Select(rune => rune.IsBmp ? rune.ToString() : "\uFFFD"));

    private static bool IsOfFormat(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date-time" => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _) && text[10] == 'T',
        "time" => DateTimeOffset.TryParse("2000-01-01T" + text, CultureInfo.InvariantCulture, out _),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "ipv4" => IPAddress.TryParse(text, out IPAddress? address) && address.ToString() == text,
        "ipv6" => IPAddress.TryParse(text, out _) && text.Contains(':', StringComparison.Ordinal),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        "hostname" => Uri.CheckHostName(text) != UriHostNameType.Unknown,
        "email" => new System.Net.Mail.MailAddress(text).Address == text,
        "duration" => text.EndsWith('W') || XmlConvert.ToTimeSpan(text) >= TimeSpan.Zero,
        _ => throw new InvalidOperationException(format),
    };

    private static bool HoldsOfNumber(string keyword, JsonElement rule, double number, JsonElement value) => keyword switch
    {
        "minimum" => number >= rule.GetDouble(),
        "maximum" => number <= rule.GetDouble(),
        "exclusiveMinimum" => number > rule.GetDouble(),
        "exclusiveMaximum" => number < rule.GetDouble(),
        "multipleOf" => value.GetDecimal() % rule.GetDecimal() == 0,
        _ => true,
    };

    private JsonElement Find(string reference)
    {
        JsonElement at = root;
        foreach (string step in reference.Split('/')[1..]) at = at.GetProperty(step);
        return at;
    }
}
