using System.Text.Json;
using Heed.Inference;
using Heed.Models;
using Heed.Tokenizers;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace Heed.Extensions.AI.Tests;

[Collection(ModelsCollection.Name)]
public sealed class HeedChatClientTests(TestModels models)
{
    private static readonly ChatOptions s_greedy = new() { Temperature = 0, MaxOutputTokens = 16 };

    private readonly HeedChatClient _client = new(models.Plain, new HeedClientOptions { ModelId = "stories" });

    [Fact]
    public async Task GetResponseAsync_Text_IsTheConversationsOwn()
    {
        using Conversation chat = models.Plain.StartConversation("You are brief.");
        string expected = "";
        CompletionPiece? last = null;
        await foreach (CompletionPiece piece in chat.SendAsync("Tell me about a dog.", GenerationOptions.Greedy with { MaxTokens = 16 }))
            (expected, last) = (expected + piece.Text, piece);

        ChatResponse response = await _client.GetResponseAsync([new(ChatRole.System, "You are brief."), new(ChatRole.User, "Tell me about a dog.")], s_greedy);
        response.Text.ShouldBe(expected);
        response.Messages.Single().Role.ShouldBe(ChatRole.Assistant);
        response.FinishReason.ShouldBe(last!.FinishReason == FinishReason.MaxTokens ? ChatFinishReason.Length : ChatFinishReason.Stop);
        response.ModelId.ShouldBe("stories");
        response.ResponseId.ShouldNotBeNullOrEmpty();
        response.Messages[0].MessageId.ShouldNotBeNullOrEmpty();
        response.CreatedAt!.Value.ShouldBeInRange(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
        response.Usage!.InputTokenCount.ShouldBe(last.Usage!.PromptTokens);
        response.Usage.OutputTokenCount.ShouldBe(last.Usage.CompletionTokens);
        response.Usage.TotalTokenCount.ShouldBe(last.Usage.PromptTokens + last.Usage.CompletionTokens);
        response.Usage.CachedInputTokenCount.ShouldNotBeNull();
        // Instructions are a system message by another name.
        ChatOptions instructed = s_greedy.Clone();
        instructed.Instructions = "You are brief.";
        (await _client.GetResponseAsync("Tell me about a dog.", instructed)).Text.ShouldBe(expected);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_Updates_MakeTheWholeAnswer()
    {
        List<ChatResponseUpdate> updates = await _client.GetStreamingResponseAsync("Hello!", s_greedy).ToListAsync();
        updates.Count.ShouldBeGreaterThan(3);
        string.Concat(updates.Select(update => update.Text)).ShouldBe((await _client.GetResponseAsync("Hello!", s_greedy)).Text);
        updates.ShouldAllBe(update => update.Role == ChatRole.Assistant && update.ResponseId == updates[0].ResponseId && update.MessageId != null && update.ModelId == "stories");
        updates[..^1].ShouldAllBe(update => update.FinishReason == null && update.Contents.All(content => content is TextContent));
        updates[^1].FinishReason.ShouldNotBeNull();
        updates[^1].Contents.OfType<UsageContent>().Count().ShouldBe(1);
        updates[^1].RawRepresentation.ShouldBeOfType<CompletionPiece>();
    }

    [Fact]
    public async Task GetResponseAsync_Concurrently_GivesWhatItGivesAlone()
    {
        string[] questions = ["Hello!", "Tell me about a cat.", "Who are you?", "Hello!"];
        ChatOptions options = new() { Seed = 7, MaxOutputTokens = 12 };
        List<string> alone = [];
        foreach (string question in questions) alone.Add((await _client.GetResponseAsync(question, options)).Text);
        ChatResponse[] together = await Task.WhenAll(questions.Select(question => _client.GetResponseAsync(question, options)));
        together.Select(response => response.Text).ShouldBe(alone);
        together.Select(response => response.ResponseId).Distinct().Count().ShouldBe(4);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_Computation_IsNotOnTheCallersThread()
    {
        // Whoever asks is never held up: the first move returns before the prompt is read.
        await using IAsyncEnumerator<ChatResponseUpdate> updates = _client.GetStreamingResponseAsync(new string('a', 400), s_greedy).GetAsyncEnumerator();
        ValueTask<bool> first = updates.MoveNextAsync();
        first.IsCompleted.ShouldBeFalse();
        (await first).ShouldBeTrue();
    }

    [Fact]
    public async Task GetResponseAsync_StopSequencesAndSeed_AreHeldTo()
    {
        string whole = (await _client.GetResponseAsync("Tell me about a dog.", s_greedy)).Text;
        ChatOptions stopping = s_greedy.Clone();
        stopping.StopSequences = [whole.Substring(whole.Length / 2, 3)];
        ChatResponse stopped = await _client.GetResponseAsync("Tell me about a dog.", stopping);
        stopped.Text.ShouldBe(whole[..whole.IndexOf(stopping.StopSequences[0], StringComparison.Ordinal)]);
        stopped.FinishReason.ShouldBe(ChatFinishReason.Stop);
        ChatOptions seeded = new() { Temperature = 1.5f, TopP = 1, Seed = -3, MaxOutputTokens = 12 }, other = new() { Temperature = 1.5f, TopP = 1, Seed = 4, MaxOutputTokens = 12 };
        string text = (await _client.GetResponseAsync("Hello!", seeded)).Text;
        (await _client.GetResponseAsync("Hello!", seeded)).Text.ShouldBe(text);
        (await _client.GetResponseAsync("Hello!", other)).Text.ShouldNotBe(text);
    }

    private sealed record Animal(string Kind, int Legs);

    [Fact]
    public async Task GetResponseAsync_JsonSchema_IsHeldTo()
    {
        ChatOptions options = new()
        {
            Seed = 1,
            MaxOutputTokens = 200,
            ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(
                """{"type":"object","properties":{"Kind":{"enum":["dog","cat"]},"Legs":{"type":"integer","minimum":2,"maximum":8}},"required":["Kind","Legs"],"additionalProperties":false}""")),
        };
        ChatResponse response = await _client.GetResponseAsync("Which animal?", options);
        response.FinishReason.ShouldBe(ChatFinishReason.Stop);
        Animal animal = JsonSerializer.Deserialize<Animal>(response.Text)!;
        animal.Legs.ShouldBeInRange(2, 8);
        // The schemas that the abstractions make of types can be held to as well.
        options.ResponseFormat = ChatResponseFormat.ForJsonSchema<Animal>();
        options.MaxOutputTokens = 60;
        response = await _client.GetResponseAsync("Which animal?", options);
        if (response.FinishReason == ChatFinishReason.Stop) JsonSerializer.Deserialize<Animal>(response.Text, AIJsonUtilities.DefaultOptions).ShouldNotBeNull();
        else response.FinishReason.ShouldBe(ChatFinishReason.Length);
        options.ResponseFormat = ChatResponseFormat.Json;
        response = await _client.GetResponseAsync("Which animal?", options);
        if (response.FinishReason == ChatFinishReason.Stop) JsonDocument.Parse(response.Text).Dispose();
    }

    [Fact]
    public async Task GetResponseAsync_RawRepresentationFactory_IsWhatOptionsBeginWith()
    {
        ChatOptions options = new() { MaxOutputTokens = 4, RawRepresentationFactory = _ => GenerationOptions.Greedy with { MaxTokens = 16 } };
        string expected = (await _client.GetResponseAsync("Hello!", new() { Temperature = 0, MaxOutputTokens = 4 })).Text;
        (await _client.GetResponseAsync("Hello!", options)).Text.ShouldBe(expected);
        options.RawRepresentationFactory = _ => "text";
        (await Should.ThrowAsync<ArgumentException>(() => _client.GetResponseAsync("Hello!", options))).Message.ShouldContain("gave a System.String");
    }

    [Fact]
    public async Task GetResponseAsync_DefaultsOfTheClient_GiveWayToTheRequests()
    {
        using HeedChatClient brief = new(models.Plain, new HeedClientOptions { Generation = GenerationOptions.Greedy with { IgnoreEndTokens = true }, MaxOutputTokens = 3 });
        (await brief.GetResponseAsync("Hello!")).Usage!.OutputTokenCount.ShouldBe(3);
        (await brief.GetResponseAsync("Hello!", new() { MaxOutputTokens = 5 })).Usage!.OutputTokenCount.ShouldBe(5);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_Cancelled_Ends()
    {
        using CancellationTokenSource source = new();
        int count = 0;
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in _client.GetStreamingResponseAsync("Tell me a story.", new() { RawRepresentationFactory = _ => new GenerationOptions { IgnoreEndTokens = true } }, source.Token))
                if (++count == 3) source.Cancel();
        });
        count.ShouldBeInRange(3, 300);
        (await _client.GetResponseAsync("Hello!", s_greedy)).Text.ShouldNotBeEmpty();
    }

    [Fact]
    public void GetService_ReachesTheModelAndWhatBelongsToIt()
    {
        IChatClient client = _client;
        client.GetService<LanguageModel>().ShouldBeSameAs(models.Plain);
        client.GetService<Transformer>().ShouldBeSameAs(models.Plain.Transformer);
        client.GetService<Tokenizer>().ShouldBeSameAs(models.Plain.Tokenizer);
        client.GetService<HeedChatClient>().ShouldBeSameAs(_client);
        client.GetService<string>().ShouldBeNull();
        client.GetService(typeof(LanguageModel), "key").ShouldBeNull();
        ChatClientMetadata metadata = client.GetService<ChatClientMetadata>()!;
        (metadata.ProviderName, metadata.DefaultModelId).ShouldBe(("heed", "stories"));
        new HeedChatClient(models.Plain).GetService(typeof(ChatClientMetadata)).ShouldBeOfType<ChatClientMetadata>().DefaultModelId.ShouldBe(models.Plain.Config.Architecture);
    }

    [Fact]
    public async Task Dispose_OfTheClient_LeavesTheModel()
    {
        HeedChatClient left = new(models.Plain);
        left.Dispose();
        for (int i = 0; i < 2; i++) (await left.GetResponseAsync("Hello!", s_greedy)).Usage!.CachedInputTokenCount.ShouldBe(0, "nothing is kept any more");
        (await _client.GetResponseAsync("Hello!", s_greedy)).Text.ShouldNotBeEmpty();
        LanguageModel own = LanguageModel.Load(TestModels.Folder, new LoadOptions { Threads = 1 });
        HeedChatClient later = new(own);
        await later.GetResponseAsync("Hello!", s_greedy);
        own.Dispose();
        later.Dispose();
        later.Dispose();
        await Should.ThrowAsync<ObjectDisposedException>(() => later.GetResponseAsync("Hello!", s_greedy));
        Should.Throw<ArgumentNullException>(() => new HeedChatClient(null!));
        Should.Throw<ArgumentNullException>(() => { _client.GetStreamingResponseAsync((IEnumerable<ChatMessage>)null!); });
    }
}
