using System.Text.Encodings.Web;
using System.Text.Json;
using Heed.Inference;
using Heed.Tokenizers;

namespace Heed.Cli.Chat;

/// <summary>A conversation as a file: JSON, a list of objects with role and content.</summary>
internal static class ChatTranscript
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, Conversation conversation)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, s_options))
        {
            json.WriteStartArray();
            if (conversation.SystemPrompt is { } system) Write(json, new ChatMessage(ChatRole.System, system));
            foreach (ChatMessage message in conversation.Messages) Write(json, message);
            json.WriteEndArray();
        }
        text.WriteByte((byte)'\n');
        File.WriteAllBytes(path, text.ToArray());
    }

    private static void Write(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role", message.Role switch
        {
            ChatRole.System => "system",
            ChatRole.User => "user",
            _ => "assistant",
        });
        json.WriteString("content", message.Content);
        json.WriteEndObject();
    }
}
