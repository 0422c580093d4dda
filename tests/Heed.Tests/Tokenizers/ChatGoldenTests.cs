using System.Text.Json;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Whole dialogs as ids, against an independent script with the reference's rules (tests/Golden/chat).</summary>
public sealed class ChatGoldenTests
{
    [DataFact("tokenizers/llama2_tokenizer.model")]
    public void Row39_Llama2Dialogs_MatchSentencePiece() => Check(ChatFormatKind.Llama2, "llama2");

    [DataFact("tokenizers/llama3_tokenizer.model")]
    public void Row39_Llama3Dialogs_MatchTheReference() => Check(ChatFormatKind.Llama3, "llama3");

    private static void Check(ChatFormatKind kind, string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(TestData.Get($"tokenizers/{name}_tokenizer.model"));
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden($"chat/{name}.json")));
        golden.RootElement.GetArrayLength().ShouldBeGreaterThan(10);
        foreach (JsonElement dialog in golden.RootElement.EnumerateArray())
        {
            ChatMessage[] messages = [.. dialog.GetProperty("messages").EnumerateArray().Select(MessageOf)];
            int[] expected = [.. dialog.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            ChatFormat.Of(kind).Render(messages, tokenizer).ShouldMatch(expected, dialog.GetProperty("name").GetString()!);
        }
    }

    private static ChatMessage MessageOf(JsonElement message) => new(message.GetProperty("role").GetString() switch
    {
        "system" => ChatRole.System,
        "user" => ChatRole.User,
        _ => ChatRole.Assistant,
    }, message.GetProperty("content").GetString()!);
}
