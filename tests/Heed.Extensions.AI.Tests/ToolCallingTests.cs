using System.ComponentModel;
using System.Text.Json;
using Heed.Inference;
using Heed.Inference.Chat;
using Microsoft.Extensions.AI;
using HeedMessage = Heed.Tokenizers.ChatMessage;
using HeedRole = Heed.Tokenizers.ChatRole;
using ToolCall = Heed.Tokenizers.ToolCall;

namespace Heed.Extensions.AI.Tests;

/// <summary>Tools, on a model that was never taught any: the grammar makes it call them.</summary>
[Collection(ModelsCollection.Name)]
public sealed class ToolCallingTests(TestModels models)
{
    private readonly HeedChatClient _client = new(models.WithTools);

    private enum Animal
    {
        Dog,
        Cat,
    }

    [Fact]
    public async Task GetResponseAsync_RequiredTool_IsCalledWithArgumentsOfItsSchema()
    {
        ChatOptions options = new() { Seed = 2, Tools = [AIFunctionFactory.Create(Legs)], ToolMode = ChatToolMode.RequireAny };
        ChatResponse response = await _client.GetResponseAsync("How many legs has a dog?", options);
        response.FinishReason.ShouldBe(ChatFinishReason.ToolCalls);
        response.Text.ShouldBeEmpty();
        FunctionCallContent call = response.Messages.Single().Contents.OfType<FunctionCallContent>().Single();
        call.Name.ShouldBe("Legs");
        call.CallId.ShouldNotBeNullOrEmpty();
        call.RawRepresentation.ShouldBeOfType<ToolCall>();
        call.Arguments!.Keys.ShouldBe(["animal"]);
        call.Arguments["animal"]!.ToString().ShouldBeOneOf("Dog", "Cat");
    }

    [Fact]
    public async Task GetResponseAsync_NamedTool_IsTheOneThatIsCalled()
    {
        ChatOptions options = new() { Seed = 2, Tools = [AIFunctionFactory.Create(Legs), AIFunctionFactory.Create(Noise)] };
        foreach (string name in (string[])["Legs", "Noise"])
        {
            options.ToolMode = ChatToolMode.RequireSpecific(name);
            ChatResponse response = await _client.GetResponseAsync("Hello!", options);
            response.Messages.Single().Contents.OfType<FunctionCallContent>().Single().Name.ShouldBe(name);
        }
        options.ToolMode = ChatToolMode.RequireSpecific("Wings");
        (await Should.ThrowAsync<ArgumentException>(() => _client.GetResponseAsync("Hello!", options))).Message.ShouldContain("Wings");
        options.ToolMode = ChatToolMode.None;
        options.MaxOutputTokens = 8;
        (await _client.GetResponseAsync("Hello!", options)).Messages.Single().Contents.ShouldAllBe(content => content is TextContent);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_UnderFunctionInvocation_GoesOnWithTheResult()
    {
        int calls = 0;
        AIFunction legs = AIFunctionFactory.Create(([Description("Which animal.")] Animal animal) => { calls++; return 4; }, "Legs", "How many legs an animal has.");
        using IChatClient client = new HeedChatClient(models.WithTools).AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Seed = 2, MaxOutputTokens = 200, Tools = [legs], ToolMode = ChatToolMode.RequireAny };
        ChatResponse response = await client.GetStreamingResponseAsync("How many legs has a dog?", options).ToChatResponseAsync();
        calls.ShouldBe(1);
        response.Messages.Count.ShouldBe(3);
        response.Messages[0].Contents.OfType<FunctionCallContent>().Single().Name.ShouldBe("Legs");
        response.Messages[1].Contents.OfType<FunctionResultContent>().Single().Result!.ToString().ShouldBe("4");
        response.Messages[2].Role.ShouldBe(ChatRole.Assistant);
        // All of it can be said again, with another question.
        List<ChatMessage> again = [new(ChatRole.User, "How many legs has a dog?"), .. response.Messages, new(ChatRole.User, "And a cat?")];
        (await client.GetResponseAsync(again, new() { MaxOutputTokens = 4 })).Usage!.InputTokenCount!.Value.ShouldBeGreaterThan((await client.GetResponseAsync("And a cat?", new() { MaxOutputTokens = 4 })).Usage!.InputTokenCount!.Value);
    }

    [Fact]
    public async Task GetResponseAsync_CallsResultsAndReasoning_AreWhatTheModelReads()
    {
        List<ChatMessage> messages =
        [
            new(ChatRole.User, "How many legs?"),
            new(ChatRole.Assistant,
            [
                new TextReasoningContent("A dog, surely."),
                new FunctionCallContent("a", "Legs", new Dictionary<string, object?> { ["animal"] = Animal.Dog, ["count"] = 2 }),
                new FunctionCallContent("b", "Noise"),
            ]),
            new(ChatRole.Tool, [new FunctionResultContent("a", new { legs = "viér" }), new FunctionResultContent("b", "woof")]),
        ];
        ToolCall first = new("a", "Legs", JsonElement.Parse($$"""{"animal":{{JsonSerializer.Serialize(Animal.Dog, AIJsonUtilities.DefaultOptions)}},"count":2}""")), second = new("b", "Noise", JsonElement.Parse("{}"));
        List<HeedMessage> same =
        [
            new(HeedRole.User, "How many legs?"),
            new(HeedRole.Assistant, "") { Reasoning = "A dog, surely.", ToolCalls = [first, second] },
            HeedMessage.OfTool(first, """{"legs":"viér"}"""),
            HeedMessage.OfTool(second, "woof"),
        ];
        CompletionPiece? last = null;
        string expected = "";
        ChatSettings settings = new() { Generation = GenerationOptions.Greedy with { MaxTokens = 12 } };
        await foreach (CompletionPiece piece in models.WithTools.ChatAsync(same, settings)) (last, expected) = (piece, expected + piece.Text);
        ChatResponse response = await _client.GetResponseAsync(messages, new() { Temperature = 0, MaxOutputTokens = 12 });
        response.Usage!.InputTokenCount.ShouldBe(last!.Usage!.PromptTokens);
        response.Text.ShouldBe(expected);
    }

    [Fact]
    public async Task GetResponseAsync_Reasoning_IsToldApartAndCanBeLeftOut()
    {
        // The model does not think by itself: its answer is made to begin with a thought.
        ChatOptions options = new()
        {
            MaxOutputTokens = 60,
            RawRepresentationFactory = _ => GenerationOptions.Greedy with { Grammar = Heed.Inference.Grammars.Grammar.FromGbnf("""root ::= "<think>a dog</think>" "It is a dog." """) },
        };
        ChatResponse response = await _client.GetResponseAsync("What is it?", options);
        response.Messages.Single().Contents.OfType<TextReasoningContent>().Single().Text.ShouldBe("a dog");
        response.Text.ShouldBe("It is a dog.");
        options.Reasoning = new() { Output = ReasoningOutput.None };
        (await _client.GetResponseAsync("What is it?", options)).Messages.Single().Contents.ShouldAllBe(content => content is TextContent);
        // The template knows whether to think, and is told.
        long input = response.Usage!.InputTokenCount!.Value;
        options.Reasoning = new() { Effort = ReasoningEffort.None };
        (await _client.GetResponseAsync("What is it?", options)).Usage!.InputTokenCount!.Value.ShouldBeGreaterThan(input);
    }

    [Fact]
    public async Task GetResponseAsync_SeveralCalls_CanBeRuledOut()
    {
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(Legs), AIFunctionFactory.Create(Noise)], AllowMultipleToolCalls = false, ToolMode = ChatToolMode.RequireAny, Seed = 1 };
        (await _client.GetResponseAsync("Hello!", options)).Messages.Single().Contents.OfType<FunctionCallContent>().Count().ShouldBe(1);
    }

    [Description("How many legs an animal has.")]
    private static int Legs(Animal animal) => animal == Animal.Dog ? 4 : 3;

    [Description("What an animal says.")]
    private static string Noise(Animal animal, bool loud) => $"{animal} {loud}";
}
