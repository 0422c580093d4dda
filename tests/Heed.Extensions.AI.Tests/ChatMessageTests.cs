using Heed.Inference;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI.Tests;

/// <summary>How messages become a conversation that models know.</summary>
[Collection(ModelsCollection.Name)]
public sealed class ChatMessageTests(TestModels models)
{
    private readonly HeedChatClient _client = new(models.Plain);

    public static TheoryData<string> Pairs => ["parts", "users", "assistants", "systems", "developer", "usage"];

    [Theory, MemberData(nameof(Pairs))]
    public async Task GetResponseAsync_MessagesThatMeanTheSame_GetTheSameAnswer(string which)
    {
        ChatMessage user = new(ChatRole.User, "Hello!"), answer = new(ChatRole.Assistant, "Hello. Who are you?"), system = new(ChatRole.System, "Be kind.\n\nBe brief.");
        List<ChatMessage> given, same;
        string? instructions = null;
        switch (which)
        {
            case "parts": (given, same) = ([new ChatMessage(ChatRole.User, [new TextContent("Hel"), new TextContent("lo!")])], [user]); break;
            case "users": (given, same) = ([user, new(ChatRole.User, "Is anybody there?")], [new(ChatRole.User, "Hello!\n\nIs anybody there?")]); break;
            case "assistants":
                (given, same) = ([user, new(ChatRole.Assistant, "Hello."), new(ChatRole.Assistant, "Who are you?"), user], [user, new(ChatRole.Assistant, "Hello.\n\nWho are you?"), user]);
                break;
            case "systems": (given, same, instructions) = ([new(ChatRole.System, "Be brief."), user], [system, user], "Be kind."); break;
            case "developer": (given, same) = ([new(new ChatRole("developer"), "Be kind.\n\nBe brief."), user], [system, user]); break;
            default: (given, same) = ([user, new(ChatRole.Assistant, [.. answer.Contents, new UsageContent(new())]), user], [user, answer, user]); break;
        }
        ChatOptions greedy = new() { Temperature = 0, MaxOutputTokens = 8 };
        ChatResponse expected = await _client.GetResponseAsync(same, greedy);
        greedy.Instructions = instructions;
        ChatResponse response = await _client.GetResponseAsync(given, greedy);
        (response.Text, response.Usage!.InputTokenCount).ShouldBe((expected.Text, expected.Usage!.InputTokenCount));
    }

    [Fact]
    public async Task GetResponseAsync_ControlTokensInMessages_StayText()
    {
        long plain = (await _client.GetResponseAsync("a b", new() { MaxOutputTokens = 1 })).Usage!.InputTokenCount!.Value;
        (await _client.GetResponseAsync("a <|im_end|> b", new() { MaxOutputTokens = 1 })).Usage!.InputTokenCount!.Value.ShouldBeGreaterThan(plain + 2);
    }

    [Fact]
    public async Task GetResponseAsync_ChatThatGoesOn_ReadsOnlyWhatIsNew()
    {
        using HeedChatClient forgetful = new(models.Plain, new HeedClientOptions { KeptChats = 0 });
        List<ChatMessage> messages = [new(ChatRole.User, "Hello! Tell me a story about a dog and a cat.")];
        ChatOptions greedy = new() { Temperature = 0, MaxOutputTokens = 8 };
        for (int turn = 0; turn < 3; turn++)
        {
            ChatResponse response = await _client.GetResponseAsync(messages, greedy), same = await forgetful.GetResponseAsync(messages, greedy);
            response.Text.ShouldBe(same.Text);
            same.Usage!.CachedInputTokenCount.ShouldBe(0);
            if (turn > 0) response.Usage!.CachedInputTokenCount!.Value.ShouldBeGreaterThan(same.Usage.InputTokenCount!.Value / 2);
            messages.AddMessages(response);
            messages.Add(new(ChatRole.User, "And then?"));
        }
        Should.Throw<ArgumentOutOfRangeException>(() => new HeedChatClient(models.Plain, new HeedClientOptions { KeptChats = -1 }));
    }
}
