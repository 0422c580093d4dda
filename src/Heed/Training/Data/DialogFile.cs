using System.Text.Json;
using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>
/// Reads dialogs from a JSON-lines file: each line is {"messages": [{"role": "system" | "user" | "assistant", "content": …}, …]}
/// or {"prompt": …, "response": …}. Blank lines are skipped.
/// </summary>
internal static class DialogFile
{
    public static IEnumerable<(long Line, IReadOnlyList<ChatMessage> Messages)> Read(string path)
    {
        using Utf8LineReader lines = new(path, replaceInvalid: false);
        while (true)
        {
            ReadOnlySpan<char> line = lines.Next(int.MaxValue);
            if (line.IsEmpty) yield break;
            if (line.IsWhiteSpace()) continue;
            yield return (lines.LineNumber, Parse(path, lines.LineNumber, line.ToString()));
        }
    }

    public static FileFormatException Wrong(string path, long line, string problem, Exception? inner = null) => new(path, problem, $"line {line}", inner: inner);

    private static List<ChatMessage> Parse(string path, long number, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw Wrong(path, number, $"got {root.ValueKind}, expected an object.");
            if (root.TryGetProperty("messages", out JsonElement messages)) return Messages(path, number, messages);
            if (root.TryGetProperty("prompt", out JsonElement prompt) && root.TryGetProperty("response", out JsonElement response))
                return [new(ChatRole.User, Text(path, number, prompt, "prompt")), new(ChatRole.Assistant, Text(path, number, response, "response"))];
            throw Wrong(path, number, "expected 'messages', or 'prompt' and 'response'.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Wrong(path, number, $"not valid JSON: {error.Message}", error);
        }
    }

    private static List<ChatMessage> Messages(string path, long number, JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array) throw Wrong(path, number, $"'messages' is {list.ValueKind}, expected an array.");
        List<ChatMessage> messages = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            string name = $"messages[{messages.Count}]";
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("role", out JsonElement role) || !item.TryGetProperty("content", out JsonElement content))
                throw Wrong(path, number, $"'{name}' needs 'role' and 'content'.");
            messages.Add(new ChatMessage(Role(path, number, Text(path, number, role, name + ".role"), name), Text(path, number, content, name + ".content")));
        }

        return messages;
    }

    private static ChatRole Role(string path, long number, string role, string name) => role switch
    {
        "system" => ChatRole.System,
        "user" => ChatRole.User,
        "assistant" => ChatRole.Assistant,
        _ => throw Wrong(path, number, $"'{name}.role' is '{role}', expected system, user or assistant."),
    };

    private static string Text(string path, long number, JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong(path, number, $"'{name}' is {element.ValueKind}, expected a string.");
}
