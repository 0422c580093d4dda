using System.Text.Json.Nodes;
using Heed.Inference;
using Heed.Inference.Grammars;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI.Tests;

/// <summary>What cannot be held to is refused, in words, and never passed over.</summary>
[Collection(ModelsCollection.Name)]
public sealed class RefusedRequestsTests(TestModels models)
{
    private readonly HeedChatClient _client = new(models.Plain, new HeedClientOptions { ModelId = "stories" });

    public static TheoryData<string, string> Options => new()
    {
        { "conversation", "ConversationId" },
        { "model", "ModelId is 'gpt-4'; expected 'stories'" },
        { "background", "AllowBackgroundResponses" },
        { "hosted tool", "expected functions" },
        { "null tool", "a tool is null" },
        { "required without tools", "Tools is empty" },
        { "unknown property", "'min-p'; expected min_p" },
        { "property of a wrong kind", "'min_p' in AdditionalProperties is high; expected a number" },
        { "negative tokens", "MaxTokens is -1" },
        { "top p", "TopP is 2" },
        { "schema", "uniqueItems" },
        { "echo", "EchoPrompt" },
        { "effort", "Reasoning.Effort is Low" },
        { "tools and schema", "ResponseFormat" },
        { "tools without a place", "template takes none" },
        { "steps and temperature", "GenerationOptions.Steps" },
    };

    [Theory, MemberData(nameof(Options))]
    public async Task GetResponseAsync_OptionThatCannotBeHeldTo_IsRefused(string which, string message)
    {
        ChatOptions options = which switch
        {
            "conversation" => new() { ConversationId = "1" },
            "model" => new() { ModelId = "gpt-4" },
            "background" => Background(),
            "hosted tool" => new() { Tools = [new HostedWebSearchTool()] },
            "null tool" => new() { Tools = [null!] },
            "required without tools" => new() { ToolMode = ChatToolMode.RequireAny },
            "unknown property" => new() { AdditionalProperties = new() { ["min-p"] = 0.1f } },
            "property of a wrong kind" => new() { AdditionalProperties = new() { ["min_p"] = "high" } },
            "negative tokens" => new() { MaxOutputTokens = -1 },
            "top p" => new() { TopP = 2 },
            "schema" => new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(System.Text.Json.JsonElement.Parse("""{"type":"array","uniqueItems":true}""")) },
            "echo" => new() { RawRepresentationFactory = _ => new GenerationOptions { EchoPrompt = true } },
            "effort" => new() { Reasoning = new() { Effort = ReasoningEffort.Low } },
            "tools and schema" => new() { Tools = [AIFunctionFactory.Create(() => 1, "one")], ResponseFormat = ChatResponseFormat.Json },
            "tools without a place" => new() { Tools = [AIFunctionFactory.Create(() => 1, "one")] },
            _ => new() { Temperature = 0.5f, RawRepresentationFactory = _ => new GenerationOptions { Steps = [] } },
        };
        Exception refusal = await Should.ThrowAsync<Exception>(() => _client.GetResponseAsync("Hello!", options));
        (refusal is ArgumentException or NotSupportedException or GrammarException).ShouldBeTrue(refusal.ToString());
        refusal.Message.ShouldContain(message);
    }

    public static TheoryData<string, string> Messages => new()
    {
        { "picture", "message 1 has a DataContent" },
        { "link", "message 1 has a UriContent" },
        { "call of a user", "message 0 has a FunctionCallContent in a user's message" },
        { "result of a user", "message 0 has a FunctionResultContent in a user's message" },
        { "text of a tool", "message 1 has a TextContent" },
        { "role", "from 'critic'" },
        { "late system", "System" },
        { "assistant last", "Assistant" },
        { "none", "no messages" },
        { "null", "message 1 is null" },
    };

    [Theory, MemberData(nameof(Messages))]
    public async Task GetResponseAsync_MessageThatCannotBeRead_IsRefused(string which, string message)
    {
        ChatMessage user = new(ChatRole.User, "Hello!");
        List<ChatMessage> messages = which switch
        {
            "picture" => [user, new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])],
            "link" => [user, new(ChatRole.User, [new UriContent("https://example.com/a.png", "image/png")])],
            "call of a user" => [new(ChatRole.User, [new FunctionCallContent("1", "one")])],
            "result of a user" => [new(ChatRole.User, [new FunctionResultContent("1", 1)])],
            "text of a tool" => [user, new(ChatRole.Tool, "1")],
            "role" => [user, new(new ChatRole("critic"), "Boo.")],
            "late system" => [user, new(ChatRole.System, "Be brief."), user],
            "null" => [user, null!],
            "assistant last" => [user, new(ChatRole.Assistant, "Hello.")],
            _ => [],
        };
        Exception refusal = await Should.ThrowAsync<Exception>(() => _client.GetResponseAsync(messages));
        (refusal is ArgumentException or NotSupportedException).ShouldBeTrue(refusal.ToString());
        refusal.Message.ShouldContain(message);
    }

    [Fact]
    public async Task GetResponseAsync_ConversationLongerThanTheContext_IsRefusedOrCutByTurns()
    {
        List<ChatMessage> messages = [];
        for (int i = 0; i < 60; i++) messages.AddRange([new(ChatRole.User, $"Tell me more about the dog, the cat and the little house on the hill, please, number {i}."), new(ChatRole.Assistant, "The dog ran up the hill and found the cat.")]);
        messages.Add(new(ChatRole.User, "Hello!"));
        await Should.ThrowAsync<ContextOverflowException>(() => _client.GetResponseAsync(messages));
        ChatResponse cut = await _client.GetResponseAsync(messages, new() { MaxOutputTokens = 4, AdditionalProperties = new() { ["drop_turns"] = true } });
        cut.Usage!.AdditionalCounts!["DroppedTurns"].ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task GetResponseAsync_AdditionalProperties_AreHeldTo()
    {
        ChatOptions Options(string name, object value) => new() { Seed = 3, MaxOutputTokens = 12, AdditionalProperties = new() { [name] = value } };
        async Task<string> Text(ChatOptions options) => (await _client.GetResponseAsync("Hello!", options)).Text;
        string greedy = await Text(new() { Temperature = 0, MaxOutputTokens = 12 });
        // Only the likeliest token is as likely as the likeliest one.
        (await Text(Options("min_p", 1.0))).ShouldBe(greedy);
        (await Text(Options("min_p", System.Text.Json.JsonElement.Parse("1")))).ShouldBe(greedy);
        (await Text(Options("repetition_penalty", 1))).ShouldBe(await Text(new() { Seed = 3, MaxOutputTokens = 12 }));
        (await Text(Options("template_variables", new JsonObject { ["unused"] = true }))).ShouldBe(await Text(new() { Seed = 3, MaxOutputTokens = 12 }));
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => Text(Options("typical_p", 2f)));
        await Should.ThrowAsync<ArgumentException>(() => Text(Options("penalty_window", 1.5)));
        await Should.ThrowAsync<ArgumentException>(() => Text(Options("drop_turns", 1)));
    }

#pragma warning disable MEAI001 // Refused, whatever becomes of it.
    private static ChatOptions Background() => new() { AllowBackgroundResponses = true };
#pragma warning restore MEAI001
}
