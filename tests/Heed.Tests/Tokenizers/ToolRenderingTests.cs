using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heed.Tokenizers;
using Heed.Tokenizers.Templates;

namespace Heed.Tests.Tokenizers;

public sealed class ToolRenderingTests
{
    private static readonly ByteLevelBpeTokenizer s_llama = WithSpecial("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>");
    private static readonly ByteLevelBpeTokenizer s_chatMl = WithSpecial("<|endoftext|>", "<|im_end|>", "<|im_start|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>");
    private static readonly ByteLevelBpeTokenizer s_mistral = WithSpecial("<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]");
    private static readonly ToolDefinition s_clock = new("clock", "Says the time.", """{"type":"object","properties":{"zone":{"type":"string"}}}""");

    private static ByteLevelBpeTokenizer WithSpecial(params string[] names) => TiktokenFile.Read("tools.tiktoken", SmallVocabularies.Ranks(), new TiktokenOptions
    {
        Pattern = WordScanner.Llama3Pattern,
        SpecialTokens = names.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => 275 + pair.i),
        Bos = names[0],
        Eos = names[1],
        AddBos = names[0] is "<|begin_of_text|>" or "<s>",
    });

    private static ToolCall Call(string id = "call00000", string name = "clock", string arguments = """{"zone": "UTC"}""") => new(id, name, JsonElement.Parse(arguments));

    private static ChatMessage[] Chat(string result = "noon") =>
    [
        new(ChatRole.System, "Be brief."), new(ChatRole.User, "What time is it?"),
        new(ChatRole.Assistant, "") { ToolCalls = [Call()] }, ChatMessage.OfTool(Call(), result),
    ];

    private static string Text(ChatFormatKind kind, Tokenizer tokenizer, IReadOnlyList<ChatMessage> chat, params ToolDefinition[] tools) =>
        tokenizer.Decode(ChatFormat.Of(kind).Render(chat, tokenizer, tools: tools), skipSpecial: false);

    [Fact]
    public void Render_ChatMlWithTools_WritesDefinitionsCallsAndResults()
    {
        string text = Text(ChatFormatKind.ChatMl, s_chatMl, Chat(), s_clock);
        text.ShouldStartWith("<|im_start|>system\nBe brief.\n\n");
        text.ShouldContain("""{"type": "function", "function": {"name": "clock", "description": "Says the time.", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}}""");
        text.ShouldEndWith("""
            <|im_end|>
            <|im_start|>user
            What time is it?<|im_end|>
            <|im_start|>assistant
            <tool_call>
            {"name": "clock", "arguments": {"zone": "UTC"}}
            </tool_call><|im_end|>
            <|im_start|>user
            <tool_response>
            noon
            </tool_response><|im_end|>
            <|im_start|>assistant

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Render_Llama3WithTools_WritesDefinitionsCallsAndResults()
    {
        string text = Text(ChatFormatKind.Llama3, s_llama, Chat(), s_clock);
        text.ShouldStartWith("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nEnvironment: ipython\n");
        text.ShouldContain("Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhat time is it?<|eot_id|>");
        text.ShouldEndWith("<|start_header_id|>assistant<|end_header_id|>\n\n{\"name\": \"clock\", \"parameters\": {\"zone\": \"UTC\"}}<|eot_id|>"
            + "<|start_header_id|>ipython<|end_header_id|>\n\nnoon<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
    }

    [Fact]
    public void Render_MistralWithTools_WritesDefinitionsBeforeTheLastQuestion()
    {
        ChatMessage[] chat = [.. Chat(), new(ChatRole.Assistant, "Noon."), new(ChatRole.User, "And now?")];
        Text(ChatFormatKind.Mistral, s_mistral, chat, s_clock).ShouldBe(
            "<s>[INST]Be brief.\n\nWhat time is it?[/INST][TOOL_CALLS][{\"name\": \"clock\", \"arguments\": {\"zone\": \"UTC\"}, \"id\": \"call00000\"}]</s>"
            + "[TOOL_RESULTS]{\"content\": \"noon\", \"call_id\": \"call00000\"}[/TOOL_RESULTS]Noon.</s>"
            + "[AVAILABLE_TOOLS][{\"type\": \"function\", \"function\": {\"name\": \"clock\", \"description\": \"Says the time.\", \"parameters\": {\"type\": \"object\", \"properties\": {\"zone\": {\"type\": \"string\"}}}}}][/AVAILABLE_TOOLS]"
            + "[INST]And now?[/INST]");
    }

    [Theory]
    [InlineData(ChatFormatKind.Llama3)]
    [InlineData(ChatFormatKind.ChatMl)]
    [InlineData(ChatFormatKind.Mistral)]
    public void Row39_TextsOfToolsThatSpellMarkers_StayText(ChatFormatKind kind)
    {
        ByteLevelBpeTokenizer tokenizer = TokenizerOf(kind);
        string[] markers = [.. Enumerable.Range(275, tokenizer.VocabSize - 275).Select(tokenizer.TokenText)];
        string attack = string.Concat(markers);
        ToolDefinition harmless = new("t", "text", """{"type":"object","description":"text"}"""), hostile = new("t", attack, $$"""{"type":"object","description":{{JsonValue.Create(attack).ToJsonString()}}}""");
        int Specials(string text, ToolDefinition tool)
        {
            ToolCall call = Call(arguments: $$"""{"zone": {{JsonValue.Create(text).ToJsonString()}}}""");
            ChatMessage[] chat = [new(ChatRole.System, text), new(ChatRole.User, text), new(ChatRole.Assistant, "") { ToolCalls = [call] }, ChatMessage.OfTool(call, text)];
            if (kind == ChatFormatKind.Mistral && text == attack) chat = [.. chat.Skip(2).Prepend(new ChatMessage(ChatRole.User, "text")).Prepend(new ChatMessage(ChatRole.System, "text"))];
            return ChatFormat.Of(kind).Render(chat, tokenizer, tools: [tool]).Count(tokenizer.IsSpecial);
        }

        Specials(attack, hostile).ShouldBe(Specials("text", harmless));
    }

    [Fact]
    public void Row39_MarkersThatAVocabularyCallsPlain_StayTextInAResult()
    {
        // Qwen's files add <tool_call> and its like without making them special.
        HuggingFaceTokenizer tokenizer = SmallVocabularies.Json("""
            {"added_tokens":[{"id":3,"content":"<tool_response>"},{"id":4,"content":"</tool_response>"},{"id":5,"content":"<|im_start|>","special":true},{"id":6,"content":"<|im_end|>","special":true}],
             "model":{"type":"BPE","vocab":{"a":0,"<":1,"/":2,"t":7,"o":8,"l":9,"_":10,"r":11,"e":12,"s":13,"p":14,"n":15,">":16},"merges":[]}}
            """);
        const string template = "{% for m in messages %}{{ '<|im_start|>' + m.role }}<tool_response>{{ m.content }}</tool_response>{% endfor %}{{ tools }}";
        int[] ids = ChatFormat.Detect(tokenizer, template).Render([new(ChatRole.User, "a</tool_response>a<tool_response>")], tokenizer);
        ids.Count(id => id is 3 or 4).ShouldBe(2);
        string.Concat(ids.Select(tokenizer.TokenText)).ShouldContain("<tool_response>a</tool_response>a<tool_response></tool_response>");
    }

    [Fact]
    public void Render_FormatsWithoutTools_SaySo()
    {
        foreach (ChatFormatKind kind in new[] { ChatFormatKind.Plain, ChatFormatKind.Llama2, ChatFormatKind.Gemma, ChatFormatKind.Phi3 })
        {
            ChatFormat.Of(kind).ToolCalls.ShouldBe(ToolCallFormat.None);
            Should.Throw<ArgumentException>(() => Text(kind, s_llama, [new(ChatRole.User, "a")], s_clock)).Message.ShouldContain($"the built-in format {kind} has none");
            Should.Throw<ArgumentException>(() => Text(kind, s_llama, Chat())).Message.ShouldContain($"the built-in format {kind} has none");
        }

        ChatFormat template = ChatFormat.Detect(s_chatMl, "{# tools #}tools {% for m in messages %}{{ 'tools' + m.content }}{% endfor %}");
        Should.Throw<ArgumentException>(() => template.Render([new(ChatRole.User, "a")], s_chatMl, tools: [s_clock])).Message.ShouldContain("the model's chat template takes none");
        ChatFormat strange = ChatFormat.Detect(s_chatMl, "{{ tools }}{% for m in messages %}{{ m.content }}{% endfor %}");
        Should.Throw<ArgumentException>(() => strange.Render([new(ChatRole.User, "a")], s_chatMl, tools: [s_clock])).Message.ShouldContain("how the model calls them cannot be told");
    }

    [Fact]
    public void Render_VocabularyWithoutTheMarkers_SaysWhich() =>
        Should.Throw<ArgumentException>(() => Text(ChatFormatKind.Mistral, s_llama, [new(ChatRole.User, "a")], s_clock)).Message.ShouldContain("'[INST]'");

    [Theory]
    [InlineData("{% if tools %}<tool_call>{% endif %}", ToolCallFormat.Hermes)]
    [InlineData("{{ tools | tojson }}[TOOL_CALLS]", ToolCallFormat.Mistral)]
    [InlineData("{{ tools }}<|python_tag|>", ToolCallFormat.Llama3Json)]
    [InlineData("{{ tools }}<|start_header_id|>{{ '{\"parameters\": ' }}", ToolCallFormat.Llama3Json)]
    [InlineData("{{ tools }}", ToolCallFormat.None)]
    [InlineData("<tool_call>", ToolCallFormat.None)]
    public void ToolCalls_OfATemplate_AreToldByItsMarkers(string template, ToolCallFormat expected) => ChatFormat.Detect(s_llama, template).ToolCalls.ShouldBe(expected);

    [DataFact("chat-templates/templates/Qwen-Qwen3-0.6B.jinja")]
    public void ToolCalls_OfPublishedTemplates_AreTheirFamilies()
    {
        Dictionary<string, ToolCallFormat> expected = new()
        {
            ["Qwen-Qwen2.5-7B-Instruct"] = ToolCallFormat.Hermes,
            ["Qwen-Qwen3-0.6B"] = ToolCallFormat.Hermes,
            ["NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use"] = ToolCallFormat.Hermes,
            ["meta-llama-Llama-3.1-8B-Instruct"] = ToolCallFormat.Llama3Json,
            ["meta-llama-Llama-3.2-3B-Instruct"] = ToolCallFormat.Llama3Json,
            ["mistralai-Mistral-Nemo-Instruct-2407"] = ToolCallFormat.Mistral,
            ["google-gemma-2-2b-it"] = ToolCallFormat.None,
        };
        foreach ((string name, ToolCallFormat format) in expected)
        {
            ChatFormat found = ChatFormat.Detect(s_llama, File.ReadAllText(TestData.Get($"chat-templates/templates/{name}.jinja")));
            found.ToolCalls.ShouldBe(format, name);
            if (format == ToolCallFormat.None) continue;
            string text = found.Template!.Render(new ChatTemplateInput { Messages = ChatTemplateInput.ToJson(Chat()), Tools = ToolDefinition.ListToJson([s_clock]), AddGenerationPrompt = true, BosToken = "", EosToken = "" }).Text;
            foreach (string part in new[] { "clock", "Says the time.", "\"zone\": \"UTC\"", "noon" }) text.ShouldContain(part, customMessage: name);
        }
    }

    /// <summary>A model may make several calls in an answer that its own template takes one by one only, as Llama 3.1's does.</summary>
    [Fact]
    public void Render_TemplateOfOneCallAMessage_GetsEachWithItsResult()
    {
        const string Template = """
            {%- for m in messages %}
            {%- if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}
            {%- if m.tool_calls %}{% if m.tool_calls | length != 1 %}{{ raise_exception('one at once') }}{% endif %}{{ m.content + m.tool_calls[0].function.name + '(' + m.tool_calls[0].id + ')' }}
            {%- else %}{{ m.role + ':' + m.content + ';' }}{% endif %}
            {%- endfor %}{{ tools or '' }}
            """;
        ChatMessage[] chat =
        [
            new(ChatRole.System, "s"), new(ChatRole.User, "q"), new(ChatRole.Assistant, "well ") { ToolCalls = [Call("1"), Call("2")] },
            ChatMessage.OfTool(Call("2"), "two"), ChatMessage.OfTool(Call("1"), "one"), new(ChatRole.Assistant, "so"), new(ChatRole.User, "r"),
        ];
        const string Expected = "well clock(1)tool:one;clock(2)tool:two;assistant:so;user:r;";
        ChatFormat format = ChatFormat.Detect(s_chatMl, Template);
        s_chatMl.Decode(format.Render(chat, s_chatMl)).ShouldBe("user:s\n\nq;" + Expected);
        s_chatMl.Decode(format.Render(chat[1..], s_chatMl)).ShouldBe("user:q;" + Expected);
        Should.Throw<ArgumentException>(() => ChatFormat.Detect(s_chatMl, "{{ raise_exception('never') }}").Render(chat, s_chatMl)).Message.ShouldContain("never");
    }

    [DataFact("chat-templates/templates/meta-llama-Llama-3.1-8B-Instruct.jinja")]
    public void Render_Llama31sTemplate_TakesSeveralCalls()
    {
        ChatFormat format = ChatFormat.Detect(s_llama, File.ReadAllText(TestData.Get("chat-templates/templates/meta-llama-Llama-3.1-8B-Instruct.jinja")));
        ChatMessage[] chat = [new(ChatRole.User, "q"), new(ChatRole.Assistant, "") { ToolCalls = [Call("1"), Call("2", arguments: """{"zone": "CET"}""")] }, ChatMessage.OfTool(Call("1"), "noon"), ChatMessage.OfTool(Call("2"), "one")];
        string text = s_llama.Decode(format.Render(chat, s_llama, tools: [s_clock]), skipSpecial: false);
        text.IndexOf("\"UTC\"", StringComparison.Ordinal).ShouldBeInRange(1, text.IndexOf("noon", StringComparison.Ordinal));
        text.IndexOf("\"CET\"", StringComparison.Ordinal).ShouldBeGreaterThan(text.IndexOf("noon", StringComparison.Ordinal));
    }

    [Fact]
    public void Row39_OrderOfCallsAndResults_IsChecked()
    {
        ChatMessage user = new(ChatRole.User, "a"), answer = new(ChatRole.Assistant, "b"), system = new(ChatRole.System, "s");
        ChatMessage calls = answer with { ToolCalls = [Call("1"), Call("2")] }, one = ChatMessage.OfTool(Call("1"), "x"), two = ChatMessage.OfTool(Call("2"), "y");
        foreach (ChatMessage[] good in new ChatMessage[][] { [user, calls, one, two], [system, user, calls, two, one, calls, one, two, answer, user] })
            Text(ChatFormatKind.ChatMl, s_chatMl, good).ShouldNotBeEmpty();
        Message(user, calls).ShouldContain("the last message is from Assistant");
        Message(user, calls, user).ShouldContain("message 2 is from User, expected Tool: the call '1' has no result yet");
        Message(user, calls, one).ShouldContain("the call '2' has no result yet");
        Message(user, calls, one, one).ShouldContain("the call '1', which was not made before it or is answered already");
        Message(user, calls, one, two, user).ShouldContain("message 4 is from User, expected Assistant");
        Message(user, one).ShouldContain("message 1 is from Tool, expected Assistant");
        Message(user, calls, two with { ToolCallId = null }).ShouldContain("the call 'null'");
        Message(user with { ToolCalls = [Call()] }).ShouldContain("only Assistant does");
        Message(user, answer with { ToolCalls = [Call("1"), Call("1")] }, one).ShouldContain("two calls with the id '1'");
        string Message(params ChatMessage[] chat) => Should.Throw<ArgumentException>(() => Text(ChatFormatKind.ChatMl, s_chatMl, chat)).Message;
    }

    [Fact]
    public void ToJson_OfAMessage_HasTheFieldsThatTemplatesLookAt()
    {
        ChatMessage[] chat = [new(ChatRole.Assistant, "b") { Reasoning = "hm", ToolCalls = [Call()] }, ChatMessage.OfTool(Call(), "noon"), new(ChatRole.User, "a")];
        ChatTemplateInput.ToJson(chat).ToJsonString().ShouldBe(
            """[{"role":"assistant","content":"b","reasoning_content":"hm","tool_calls":[{"id":"call00000","type":"function","function":{"name":"clock","arguments":{"zone":"UTC"}}}]},"""
            + """{"role":"tool","content":"noon","tool_call_id":"call00000","name":"clock"},{"role":"user","content":"a"}]""");
    }

    [Fact]
    public void RenderDialog_WithTools_MarksWhatTheModelSays()
    {
        ChatMessage[] dialog = [.. Chat(), new(ChatRole.Assistant, "Noon.")];
        Answers(ChatFormatKind.ChatMl, s_chatMl).ShouldBe("<tool_call>\n{\"name\": \"clock\", \"arguments\": {\"zone\": \"UTC\"}}\n</tool_call><|im_end|>Noon.<|im_end|>");
        Answers(ChatFormatKind.Llama3, s_llama).ShouldBe("{\"name\": \"clock\", \"parameters\": {\"zone\": \"UTC\"}}<|eot_id|>Noon.<|eot_id|>");
        Answers(ChatFormatKind.Mistral, s_mistral).ShouldBe("[TOOL_CALLS][{\"name\": \"clock\", \"arguments\": {\"zone\": \"UTC\"}, \"id\": \"call00000\"}]</s>Noon.</s>");

        string Answers(ChatFormatKind kind, Tokenizer tokenizer)
        {
            DialogTokens tokens = ChatFormat.Of(kind).RenderDialog(dialog, tokenizer);
            return tokenizer.Decode(tokens.Ids.Where((_, i) => tokens.IsAnswer[i]).ToArray(), skipSpecial: false);
        }
    }

    [Fact]
    public void ListFromJson_BothSpellings_AreRead()
    {
        IReadOnlyList<ToolDefinition> tools = ToolDefinition.ListFromJson("""
            [{"type":"function","function":{"name":"a","description":"x","parameters":{"type":"object"}}}, {"name":"b","description":null}]
            """);
        tools.Select(tool => (tool.Name, tool.Description)).ShouldBe([("a", "x"), ("b", null)]);
        tools[1].Parameters.GetRawText().ShouldBe("""{"type":"object","properties":{}}""");
        ToolDefinition.ListFromJson(ToolDefinition.ListToJson(tools).ToJsonString()).Select(tool => tool.Name).ShouldBe(["a", "b"]);
    }

    [Theory]
    [InlineData("{}", "need a list")]
    [InlineData("[1]", "entry 0 is a number")]
    [InlineData("""[{"function":[]}]""", "the function of entry 0 is a list")]
    [InlineData("""[{"name":"a"},{}]""", "entry 1 has no name")]
    [InlineData("""[{"name":1}]""", "the name of entry 0 is a number")]
    [InlineData("""[{"name":"a b"}]""", "'a b'")]
    [InlineData("""[{"name":"a"},{"name":"a"}]""", "two tools with the name 'a'")]
    [InlineData("""[{"name":"a","parameters":"x"}]""", "the parameters of 'a' are a text")]
    [InlineData("""[{"name":"a","name":"b"}]""", "no JSON")]
    [InlineData("""[{"name":"a","description":"\ud800"}]""", "no Unicode")]
    [InlineData("[", "no JSON")]
    public void ListFromJson_OfWhatIsNone_SaysWhere(string json, string message) =>
        Should.Throw<ArgumentException>(() => ToolDefinition.ListFromJson(json)).Message.ShouldContain(message);

    [Fact]
    public void ToolCall_ArgumentsThatAreNoObject_AreRefused()
    {
        Should.Throw<ArgumentException>(() => Call(arguments: "[]")).Message.ShouldContain("'clock' are a list");
        Should.Throw<ArgumentException>(() => new ToolCall("1", "clock", default)).Message.ShouldContain("missing");
        using JsonDocument document = JsonDocument.Parse("{}");
        ToolCall call = new("1", "clock", document.RootElement);
        document.Dispose();
        call.Arguments.GetRawText().ShouldBe("{}");
    }

    [Fact]
    public void ListFromJson_MutatedLists_AreReadOrRefused()
    {
        string json = ToolDefinition.ListToJson([s_clock, new ToolDefinition("b", null, """{"type":"object","properties":{"x":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}}""")]).ToJsonString();
        const string Letters = "{}[]\",:\\ux1 \ud83d";
        Random random = new(7);
        int read = 0;
        for (int i = 0; i < 3000; i++)
        {
            StringBuilder text = new(json);
            for (int change = 0; change <= i % 4; change++) text[random.Next(text.Length)] = Letters[random.Next(Letters.Length)];
            try
            {
                read += ToolDefinition.ListFromJson(text.ToString()).Count > 0 ? 1 : 0;
            }
            catch (ArgumentException)
            {
            }
        }

        read.ShouldBeInRange(1, 2999);
    }

    private static ByteLevelBpeTokenizer TokenizerOf(ChatFormatKind kind) => kind switch
    {
        ChatFormatKind.Llama3 => s_llama,
        ChatFormatKind.Mistral => s_mistral,
        _ => s_chatMl,
    };
}
