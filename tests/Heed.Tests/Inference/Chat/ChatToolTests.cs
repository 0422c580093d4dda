using System.Text.Json;
using System.Text.Json.Nodes;
using Heed.Inference;
using Heed.Inference.Chat;
using Heed.Inference.Grammars;
using Heed.Inference.Sampling;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tests.Tokenizers;
using Heed.Tokenizers;

namespace Heed.Tests.Inference.Chat;

/// <summary>Chats with tools on small random models that say what a test wants them to.</summary>
public sealed class ChatToolTests
{
    private static readonly ToolDefinition s_clock = new("clock", "Says the time.", """{"type":"object","properties":{"zone":{"type":"string","maxLength":4}},"required":["zone"],"additionalProperties":false}""");
    private static readonly ToolDefinition s_sum = new("sum", null, """{"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"required":["a"],"$defs":{"n":{"type":"integer","minimum":0,"maximum":99}}}""");

    public static TheoryData<ChatFormatKind, string> Calls() => new()
    {
        { ChatFormatKind.ChatMl, "Wait.<tool_call>\n{\"name\": \"clock\", \"arguments\": {\"zone\": \"UTC\"}}\n</tool_call>" },
        { ChatFormatKind.Llama3, "<|python_tag|>{\"name\": \"clock\", \"parameters\": {\"zone\": \"UTC\"}}" },
        { ChatFormatKind.Mistral, "Wait.[TOOL_CALLS][{\"name\": \"clock\", \"arguments\": {\"zone\": \"UTC\"}}]" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Conversation_AnswerThatCalls_IsToldApartAndGoesOnWithTheResult(ChatFormatKind kind, string answer)
    {
        using LanguageModel model = Model(kind);
        using Conversation chat = model.StartConversation("in");
        chat.Settings = new ChatSettings { Tools = [s_clock] };
        List<CompletionPiece> pieces = await Collect(chat.SendAsync("What time is it?", Says(model, answer)));
        ToolCall call = pieces.SelectMany(piece => piece.ToolCalls).ShouldHaveSingleItem();
        (call.Name, call.Arguments.GetProperty("zone").GetString()).ShouldBe(("clock", "UTC"));
        pieces[^1].FinishReason.ShouldBe(FinishReason.ToolCalls);
        string.Concat(pieces.Select(piece => piece.Text)).ShouldBe(kind == ChatFormatKind.Llama3 ? "" : "Wait.");
        pieces.Sum(piece => piece.TokenIds.Count).ShouldBe(pieces[^1].Usage!.CompletionTokens);
        chat.Messages[^1].ToolCalls.ShouldHaveSingleItem().ShouldBe(call);

        (await Should.ThrowAsync<ArgumentException>(() => Collect(chat.SendAsync("Well?")))).Message.ShouldContain("has no result yet");
        chat.Messages.Count.ShouldBe(2);
        List<CompletionPiece> next = await Collect(chat.SendToolResultsAsync([ChatMessage.OfTool(call, "noon")], Says(model, "It is noon.")));
        string.Concat(next.Select(piece => piece.Text)).ShouldBe("It is noon.");
        next[^1].FinishReason.ShouldBe(FinishReason.EndToken);
        chat.Messages.Select(message => message.Role).ShouldBe([ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant]);
        next[^1].Usage!.CachedTokens.ShouldBeGreaterThanOrEqualTo(pieces[^1].Usage!.PromptTokens - 1);
    }

    [Fact]
    public async Task Conversation_ResultsFromOthers_AreRefused()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl);
        using Conversation chat = model.StartConversation();
        Should.Throw<ArgumentException>(() => chat.SendToolResultsAsync([new ChatMessage(ChatRole.User, "noon")])).Message.ShouldContain("from User");
        ToolCall call = new("1", "clock", JsonElement.Parse("{}"));
        (await Should.ThrowAsync<ArgumentException>(() => Collect(chat.SendToolResultsAsync([ChatMessage.OfTool(call, "noon")])))).Message.ShouldContain("message 0 is from Tool");
        chat.Messages.ShouldBeEmpty();
    }

    [Fact]
    public void ChatAsync_NullMessages_AreNamed()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl);
        using Conversation chat = model.StartConversation();
        Should.Throw<ArgumentException>(() => model.ChatAsync([new(ChatRole.User, "aa"), null!])).Message.ShouldContain("message 1 is null");
        Should.Throw<ArgumentException>(() => chat.SendToolResultsAsync([null!])).Message.ShouldContain("a message is null");
    }

    [Fact]
    public async Task ChatAsync_Reasoning_ComesApart()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl);
        model.ChatFormat.HasReasoning.ShouldBeTrue();
        using Conversation chat = model.StartConversation();
        List<CompletionPiece> pieces = await Collect(chat.SendAsync("aa", Says(model, "<think>\nhm\n</think>\n\nNo.")));
        (string.Concat(pieces.Select(piece => piece.Text)), string.Concat(pieces.Select(piece => piece.Reasoning))).ShouldBe(("No.", "hm\n"));
        (chat.Messages[^1].Content, chat.Messages[^1].Reasoning).ShouldBe(("No.", "hm"));
    }

    [Fact]
    public async Task ChatAsync_TemplateThatOpensReasoning_GoesOnInIt()
    {
        using LanguageModel plain = Model(ChatFormatKind.ChatMl);
        const string template = "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}{{ tools }}{{ '<|im_start|><think>\n' if thinks is not false else '' }}{# </think> <tool_call> #}";
        ChatFormat format = ChatFormat.Detect(plain.Tokenizer, template);
        ChatMessage[] chat = [new(ChatRole.User, "aa")];
        format.Prompt(chat, plain.Tokenizer, [], variables: null).OpensReasoning.ShouldBeTrue();
        format.Prompt(chat, plain.Tokenizer, [], new JsonObject { ["thinks"] = false }).OpensReasoning.ShouldBeFalse();
        // What people write opens nothing.
        ChatFormat.Detect(plain.Tokenizer, "{{ messages[0].content }}{# </think> #}").Prompt([new(ChatRole.User, "<think>")], plain.Tokenizer, [], variables: null).OpensReasoning.ShouldBeFalse();

        using TemporaryFolder folder = new();
        ModelFolder.Write(plain.Transformer, folder.Path);
        plain.Tokenizer.SaveHuggingFace(folder.Path);
        using LanguageModel model = LanguageModel.Load(folder.Path, new LoadOptions { ChatTemplate = template });
        List<CompletionPiece> pieces = await Collect(model.ChatAsync(chat, new ChatSettings { Generation = Says(model, "hm</think>No.") }));
        (string.Concat(pieces.Select(piece => piece.Text)), string.Concat(pieces.Select(piece => piece.Reasoning))).ShouldBe(("No.", "hm"));
        (await OnlyCall(model, new ChatSettings { Tools = [s_clock], ToolChoice = ToolChoice.Required, Generation = new GenerationOptions { Seed = 1, MaxTokens = 200 } }))!.Name.ShouldBe("clock");
        List<CompletionPiece> held = await Collect(model.ChatAsync(chat, new ChatSettings { Generation = new GenerationOptions { Grammar = Grammar.FromRegex("yes|no"), Seed = 1 } }));
        string.Concat(held.Select(piece => piece.Text)).ShouldBeOneOf("yes", "no");
        using LanguageModel builtIn = LanguageModel.Load(folder.Path, new LoadOptions { ChatTemplate = "" });
        (builtIn.ChatFormat.Kind, builtIn.ChatFormat.Template).ShouldBe((ChatFormatKind.ChatMl, null));
    }

    [Fact]
    public async Task ChatAsync_CutWithinACall_IsTextWithAProblem()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl);
        ChatSettings settings = new() { Tools = [s_clock], Generation = Says(model, "<tool_call>{\"name\": \"clock\"") with { MaxTokens = 5 } };
        List<CompletionPiece> pieces = await Collect(model.ChatAsync([new(ChatRole.User, "aa")], settings));
        pieces.SelectMany(piece => piece.Problems).ShouldHaveSingleItem().ShouldContain("ends within the call");
        string.Concat(pieces.Select(piece => piece.Text)).ShouldStartWith("<tool_call>{");
        pieces[^1].FinishReason.ShouldBe(FinishReason.MaxTokens);
        pieces.Sum(piece => piece.TokenIds.Count).ShouldBe(5);
    }

    [Theory]
    [InlineData(ChatFormatKind.ChatMl)]
    [InlineData(ChatFormatKind.Llama3)]
    [InlineData(ChatFormatKind.Mistral)]
    public async Task ToolChoice_Required_GivesACallThatTheSchemaAllows(ChatFormatKind kind)
    {
        using LanguageModel model = Model(kind);
        HashSet<string> names = [];
        for (ulong seed = 0; seed < 6; seed++)
        {
            ChatSettings settings = new() { Tools = [s_clock, s_sum], ToolChoice = ToolChoice.Required, Generation = new GenerationOptions { Seed = seed, Temperature = 1, MaxTokens = 300 } };
            ToolCall call = (await OnlyCall(model, settings)).ShouldNotBeNull();
            names.Add(call.Name);
            if (call.Name == "clock") call.Arguments.GetProperty("zone").GetString()!.Length.ShouldBeLessThanOrEqualTo(8);
            else call.Arguments.GetProperty("a").GetInt32().ShouldBeInRange(0, 99);
        }

        names.Count.ShouldBe(2);
        ChatSettings named = new() { Tools = [s_clock, s_sum], ToolChoice = ToolChoice.Named("sum"), Generation = new GenerationOptions { Seed = 1, MaxTokens = 300 } };
        (await OnlyCall(model, named))!.Name.ShouldBe("sum");
    }

    [Fact]
    public async Task ToolChoice_None_TellsOfNoToolsAndLooksForNoCalls()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl);
        ChatMessage[] chat = [new(ChatRole.User, "aa")];
        const string answer = "<tool_call>{\"name\": \"clock\"}</tool_call>";
        List<CompletionPiece> none = await Collect(model.ChatAsync(chat, new ChatSettings { Tools = [s_clock], ToolChoice = ToolChoice.None, Generation = Says(model, answer) }));
        List<CompletionPiece> without = await Collect(model.ChatAsync(chat, new ChatSettings { Generation = Says(model, answer) }));
        none[^1].Usage!.PromptTokens.ShouldBe(without[^1].Usage!.PromptTokens);
        none.SelectMany(piece => piece.ToolCalls).ShouldBeEmpty();
        none[^1].FinishReason.ShouldBe(FinishReason.EndToken);
    }

    [Fact]
    public async Task ChatAsync_ContradictorySettings_SaySo()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl), plain = Model(ChatFormatKind.Plain);
        ChatSettings tools = new() { Tools = [s_clock], ToolChoice = ToolChoice.Required };
        (await Refusal(model, tools with { Tools = [] })).ShouldContain("there is no such tool");
        (await Refusal(model, tools with { ToolChoice = ToolChoice.Named("sum") })).ShouldContain("'sum'");
        (await Refusal(model, tools with { Generation = new GenerationOptions { Grammar = Grammar.Json } })).ShouldContain("fits a grammar");
        (await Refusal(model, tools with { Tools = [s_clock, s_clock], ToolChoice = ToolChoice.Auto })).ShouldContain("two tools");
        (await Refusal(plain, tools)).ShouldContain("has none");
        (await Refusal(plain, tools with { ToolChoice = ToolChoice.Auto })).ShouldContain("has none");
        ToolDefinition hard = new("hard", null, """{"type":"object","not":{}}""");
        (await Should.ThrowAsync<GrammarException>(() => Collect(model.ChatAsync([new(ChatRole.User, "aa")], tools with { Tools = [hard] })))).Message.ShouldContain("not");
    }

    [Fact]
    public async Task ChatAsync_GrammarWithTools_WritesWhatTheGrammarSays()
    {
        using LanguageModel model = Model(ChatFormatKind.Llama3);
        GenerationOptions options = new() { Grammar = Grammar.FromRegex("\\{\"name\": \"clock\", \"parameters\": \\{\\}\\}"), Seed = 1 };
        List<CompletionPiece> pieces = await Collect(model.ChatAsync([new(ChatRole.User, "aa")], new ChatSettings { Tools = [s_clock], Generation = options }));
        string.Concat(pieces.Select(piece => piece.Text)).ShouldBe("{\"name\": \"clock\", \"parameters\": {}}");
    }

    [Fact]
    public void Schema_ReferencesOfATool_LeadToWhereTheyLed()
    {
        ToolDefinition tool = new("t", null, """
            {"type":"object","properties":{"$ref":{"enum":[{"$ref":"#"}]},"list":{"type":"array","items":{"$ref":"#/$defs/a~1b"}},"self":{"anyOf":[{"type":"null"},{"$ref":"#"}]}},
             "required":["list"],"$defs":{"a/b":{"type":"boolean"}}}
            """);
        string schema = ToolGrammar.Schema([s_clock, tool], ToolCallFormat.Hermes);
        schema.ShouldContain("""{"$ref":"#/anyOf/1/properties/arguments/$defs/a~1b"}""");
        schema.ShouldContain("""{"$ref":"#/anyOf/1/properties/arguments"}""");
        schema.ShouldContain("""{"enum":[{"$ref":"#"}]}""");
        Grammar.FromSchema(schema).ShouldNotBeNull();
    }

    [Fact]
    public void Schema_MutatedTools_AreHeldToOrRefused()
    {
        string schema = ToolGrammar.Schema([s_clock, s_sum], ToolCallFormat.Hermes);
        string[] scraps = ["{}", "[]", "\"$ref\"", "\"#\"", "\"#/$defs/n\"", "\"type\"", "\"object\"", "\"anyOf\"", "\"not\"", "null", "true", "-1", "1e9", ",", ":", "{", "}", "[", "]", "\"", "\\", "\ud83d", "maxLength", "enum"];
        Random random = new(5);
        ToolGrammars grammars = new();
        int held = 0, refused = 0;
        for (int i = 0; i < 1500; i++)
        {
            string text = i % 2 == 0 ? s_sum.Parameters.GetRawText() : schema;
            for (int change = 0; change <= i % 3; change++)
            {
                int at = random.Next(text.Length), cut = Math.Min(random.Next(8), text.Length - at);
                text = string.Concat(text.AsSpan(0, at), scraps[random.Next(scraps.Length)], text.AsSpan(at + cut));
            }

            try
            {
                grammars.Of([new ToolDefinition("t", null, text)], ToolCallFormat.Mistral);
                held++;
            }
            catch (Exception e) when (e is ArgumentException or GrammarException)
            {
                refused++;
            }
        }

        held.ShouldBeGreaterThan(5);
        refused.ShouldBeGreaterThan(500);
    }

    [Fact]
    public async Task DropTurns_LongChat_KeepsSystemAndLatestTurns()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl);
        ToolCall call = new("1", "clock", JsonElement.Parse("{}"));
        List<ChatMessage> chat = [new(ChatRole.System, "in")];
        for (int turn = 0; turn < 12; turn++)
        {
            chat.Add(new(ChatRole.User, $"{turn} {new string('a', 200)}"));
            chat.Add(new(ChatRole.Assistant, "") { ToolCalls = [call] });
            chat.Add(ChatMessage.OfTool(call, new string('b', 100)));
            chat.Add(new(ChatRole.Assistant, "the world"));
        }

        chat.Add(new(ChatRole.User, "hello"));
        ChatSettings settings = new() { Generation = Says(model, "in") with { MaxTokens = 20 } };
        await Should.ThrowAsync<ContextOverflowException>(() => Collect(model.ChatAsync(chat, settings)));
        Usage usage = (await Collect(model.ChatAsync(chat, settings with { DropTurns = true })))[^1].Usage!;
        int[] Prompt(int dropped) => model.ChatFormat.Render([chat[0], .. chat.Skip(1 + (4 * dropped))], model.Tokenizer);
        usage.DroppedTurns.ShouldBeInRange(1, 11);
        usage.PromptTokens.ShouldBe(Prompt(usage.DroppedTurns).Length);
        usage.PromptTokens.ShouldBeLessThanOrEqualTo(model.ContextLength - 20);
        Prompt(usage.DroppedTurns - 1).Length.ShouldBeGreaterThan(model.ContextLength - 20);

        Usage all = (await Collect(model.ChatAsync([.. chat[..9], chat[^1]], settings with { DropTurns = true })))[^1].Usage!;
        all.DroppedTurns.ShouldBe(0);
        chat[^1] = new(ChatRole.User, new string('c', 5000));
        await Should.ThrowAsync<ContextOverflowException>(() => Collect(model.ChatAsync(chat, settings with { DropTurns = true })));
    }

    [Fact]
    public async Task Conversation_WithDropTurns_ReadsOnlyWhatIsNewWhileNothingIsDropped()
    {
        using LanguageModel model = Model(ChatFormatKind.ChatMl);
        using Conversation chat = model.StartConversation("in");
        chat.Settings = new ChatSettings { DropTurns = true };
        int before = 0, drops = 0;
        for (int turn = 0; turn < 12; turn++)
        {
            // The answer's own tokens are those that it is written with again.
            Usage usage = (await Collect(chat.SendAsync(string.Concat(Enumerable.Repeat("q7z", 40)), Says(model, "the world") with { MaxTokens = 20 })))[^1].Usage!;
            if (usage.DroppedTurns == 0 && turn > 0) usage.CachedTokens.ShouldBe(before);
            usage.DroppedTurns.ShouldBeGreaterThanOrEqualTo(drops);
            drops = usage.DroppedTurns;
            before = usage.PromptTokens + usage.CompletionTokens - 1;
        }

        drops.ShouldBeGreaterThan(0);
        chat.Messages.Count.ShouldBe(24);
    }

    private static async Task<ToolCall?> OnlyCall(LanguageModel model, ChatSettings settings)
    {
        List<CompletionPiece> pieces = await Collect(model.ChatAsync([new(ChatRole.User, "aa")], settings));
        pieces[^1].FinishReason.ShouldBe(FinishReason.ToolCalls, string.Concat(pieces.Select(piece => piece.Text)));
        string.Concat(pieces.Select(piece => piece.Text)).ShouldBe("");
        return pieces.SelectMany(piece => piece.ToolCalls).ShouldHaveSingleItem();
    }

    private static async Task<string> Refusal(LanguageModel model, ChatSettings settings) =>
        (await Should.ThrowAsync<ArgumentException>(() => Collect(model.ChatAsync([new(ChatRole.User, "aa")], settings)))).Message;

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }

    private static LanguageModel Model(ChatFormatKind kind)
    {
        string[] special = kind switch
        {
            ChatFormatKind.ChatMl => ["<|endoftext|>", "<|im_end|>", "<|im_start|>", "<tool_call>", "</tool_call>", "<think>", "</think>"],
            ChatFormatKind.Llama3 => ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>"],
            ChatFormatKind.Mistral => ["<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"],
            _ => ["<s>", "</s>"],
        };
        Tokenizer tokenizer = TiktokenFile.Read("tools.tiktoken", SmallVocabularies.Ranks(), new TiktokenOptions
        {
            Pattern = WordScanner.Llama3Pattern,
            SpecialTokens = special.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => 275 + pair.i),
            Bos = special[0],
            Eos = special[1],
            AddBos = kind is ChatFormatKind.Llama3 or ChatFormatKind.Mistral,
        });
        ModelConfig config = new() { HiddenSize = 16, NumLayers = 1, NumHeads = 2, NumKvHeads = 2, IntermediateSize = 16, VocabSize = tokenizer.VocabSize, MaxSeqLen = 1200 };
        LanguageModel model = new(new Transformer(config, new RandomWeights(seed: 1)), tokenizer);
        model.ChatFormat.Kind.ShouldBe(kind);
        return model;
    }

    /// <summary>Options with which a model says a text and then ends.</summary>
    private static GenerationOptions Says(LanguageModel model, string text) => new()
    {
        Steps = [new Script([.. model.Tokenizer.Encode(text, addSpecial: false, parseSpecial: true), model.Tokenizer.EosId!.Value])],
        Seed = 1,
    };

    private sealed class Script(int[] tokens) : SamplingStep
    {
        private int _next;

        public override void Apply(TokenCandidates candidates)
        {
            Span<float> logits = candidates.Logits;
            logits.Fill(float.NegativeInfinity);
            logits[tokens[Math.Min(_next++, tokens.Length - 1)]] = 0;
        }
    }
}
