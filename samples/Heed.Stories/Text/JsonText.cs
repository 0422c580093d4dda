using System.Text.Encodings.Web;
using System.Text.Json;

namespace Heed.Stories.Text;

/// <summary>JSON on one line, with quotes and apostrophes as a reader would write them.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Quote(string text) => JsonSerializer.Serialize(text, Options);

    public static string Object(params ReadOnlySpan<(string Name, string Json)> members)
    {
        List<string> parts = [];
        foreach ((string name, string json) in members) parts.Add($"{Quote(name)}:{json}");
        return "{" + string.Join(',', parts) + "}";
    }
}
