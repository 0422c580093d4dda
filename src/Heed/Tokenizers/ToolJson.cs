using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>JSON of tools: checked once, so that whatever writes it later finds nothing that it cannot write.</summary>
internal static class ToolJson
{
    private const int MaxDepth = 64;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>JSON without names that come twice and texts that are none, nested at most 64 deep.</summary>
    /// <exception cref="JsonException">It is not that.</exception>
    public static JsonElement Parse(string json)
    {
        // Half of a surrogate pair has no UTF-8, in which JSON is read.
        if (!Utf16.IsWellFormed(json)) throw new JsonException("A text in it is no Unicode.");
        JsonElement element = JsonElement.Parse(json, s_options);
        CheckTexts(element);
        return element;
    }

    /// <summary>An object, checked, and independent of the document that it comes from.</summary>
    /// <exception cref="ArgumentException">It is no object, or not what <see cref="Parse"/> reads; the message begins with <paramref name="what"/>.</exception>
    public static JsonElement Object(JsonElement element, string what, string parameter)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new ArgumentException($"{what} are {Describe(element)}; need a JSON object.", parameter);
        try
        {
            return Parse(element.GetRawText());
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"{what} cannot be used: {e.Message}", parameter, e);
        }
    }

    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => "missing",
        JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        _ => "true or false",
    };

    private static void CheckTexts(JsonElement element)
    {
        try
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.String: element.GetString(); break;
                case JsonValueKind.Array:
                    foreach (JsonElement item in element.EnumerateArray()) CheckTexts(item);
                    break;
                case JsonValueKind.Object:
                    foreach (JsonProperty member in element.EnumerateObject())
                    {
                        _ = member.Name;
                        CheckTexts(member.Value);
                    }

                    break;
            }
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException($"A text in it is no Unicode: {e.Message}", e);
        }
    }
}
