using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heed.Inference;
using Heed.Tokenizers;
using Heed.Tokenizers.Templates;

namespace Heed.Cli.Chat;

/// <summary>A conversation as a file: JSON, a list of objects with role and content, and of tools what belongs to them.</summary>
internal static class ChatTranscript
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>JSON on one line.</summary>
    public static string Compact(JsonElement value)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, s_options with { Indented = false })) value.WriteTo(json);
        return Encoding.UTF8.GetString(text.GetBuffer().AsSpan(0, (int)text.Length));
    }

    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, Conversation conversation)
    {
        IEnumerable<ChatMessage> above = conversation.SystemPrompt is { } system ? [new ChatMessage(ChatRole.System, system)] : [];
        JsonArray messages = ChatTemplateInput.ToJson([.. above, .. conversation.Messages]);
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, s_options)) messages.WriteTo(json);
        text.WriteByte((byte)'\n');
        File.WriteAllBytes(path, text.ToArray());
    }
}
