using System.Diagnostics;
using System.Text;
using Heed.Inference.Chat;
using Heed.Tokenizers;

namespace Heed.Tests.Inference.Chat;

public sealed class AnswerParserTests
{
    private static readonly ToolDefinition[] s_tools = [new("clock", null, """{"type":"object"}"""), new("sum", null, """{"type":"object"}""")];

    /// <summary>Answers, and their parts in short: text as it is, reasoning in (), calls in {}, problems in !!.</summary>
    public static TheoryData<ToolCallFormat, string, string> Answers() => new()
    {
        { ToolCallFormat.None, "Hello <tool_call> there", "Hello <tool_call> there" },
        { ToolCallFormat.None, "<think>\nhm</think>\n\nYes.", "(hm)Yes." },
        { ToolCallFormat.None, " <think>a < b </thin </think>x<think>y", "(a < b </thin )x<think>y" },
        { ToolCallFormat.None, "<think>never ends </th", "(never ends </th)" },
        { ToolCallFormat.None, "  spaces kept  ", "  spaces kept  " },
        { ToolCallFormat.Hermes, "<tool_call>\n{\"name\": \"clock\", \"arguments\": {\"a\": \"}\\\"\"}}\n</tool_call>", "{clock {\"a\": \"}\\\"\"}}" },
        { ToolCallFormat.Hermes, "Wait.\n<tool_call>{\"name\":\"clock\"}</tool_call>\n<tool_call>{\"name\":\"other\",\"arguments\":{}}</tool_call>\n", "Wait.\n{clock {}}{other {}}" },
        { ToolCallFormat.Hermes, "<think>x</think>\n<tool_call>{\"name\":\"sum\",\"arguments\":\"{\\\"b\\\":1}\"}</tool_call> Done.", "(x){sum {\"b\":1}} Done." },
        { ToolCallFormat.Hermes, "a < b <tool <tool_call<tool_call> {\"name\":\"clock\"}", "a < b <tool <tool_call{clock {}}" },
        { ToolCallFormat.Hermes, "<tool_call> is a tag <tool_call>{\"name\":\"clock\"}</tool_call>", "!no JSON object!<tool_call> is a tag {clock {}}" },
        { ToolCallFormat.Hermes, "<tool_call>{\"name\": clock}</tool_call> then", "!no JSON!<tool_call>{\"name\": clock}</tool_call> then" },
        { ToolCallFormat.Hermes, "<tool_call>{\"name\":\"clock\",\"arguments\":[1]}</tool_call>", "!the arguments of 'clock' are a list!<tool_call>{\"name\":\"clock\",\"arguments\":[1]}</tool_call>" },
        { ToolCallFormat.Hermes, "<tool_call>{\"a\":1}", "!has no name!<tool_call>{\"a\":1}" },
        { ToolCallFormat.Hermes, "<tool_call>{\"name\":\"clock\",\"name\":\"sum\"}", "!no JSON!<tool_call>{\"name\":\"clock\",\"name\":\"sum\"}" },
        { ToolCallFormat.Hermes, "<tool_call>{\"name\": \"clock\", \"argu", "!ends within!<tool_call>{\"name\": \"clock\", \"argu" },
        { ToolCallFormat.Hermes, "ends <tool_", "ends <tool_" },
        { ToolCallFormat.Hermes, "{\"name\": \"clock\", \"parameters\": {}}", "{\"name\": \"clock\", \"parameters\": {}}" },
        { ToolCallFormat.Hermes, "<tool_call>{\"name\":\"\\ud800\"}", "!Unicode!<tool_call>{\"name\":\"\\ud800\"}" },
        { ToolCallFormat.Llama3Json, "{\"name\": \"clock\", \"parameters\": {\"zone\": \"UTC\"}}", "{clock {\"zone\": \"UTC\"}}" },
        { ToolCallFormat.Llama3Json, "\n{\"type\": \"function\", \"name\": \"sum\", \"parameters\": {}}; {\"name\": \"clock\", \"parameters\": {}}", "{sum {}}{clock {}}" },
        { ToolCallFormat.Llama3Json, "{\"type\": \"function\", \"function\": {\"name\": \"sum\", \"parameters\": {\"x\": [1, {}]}}}", "{sum {\"x\": [1, {}]}}" },
        { ToolCallFormat.Llama3Json, "<|python_tag|>{\"name\": \"other\", \"parameters\": {}}", "{other {}}" },
        { ToolCallFormat.Llama3Json, "<|python_tag|>print(1)", "!no JSON object!<|python_tag|>print(1)" },
        { ToolCallFormat.Llama3Json, "{\"name\": \"Anna\", \"age\": 3}", "{\"name\": \"Anna\", \"age\": 3}" },
        { ToolCallFormat.Llama3Json, "{\"name\": \"clock\", \"age\": 3} and {\"name\": \"clock\", \"parameters\": {}}", "{\"name\": \"clock\", \"age\": 3} and {\"name\": \"clock\", \"parameters\": {}}" },
        { ToolCallFormat.Llama3Json, "{ x }", "{ x }" },
        { ToolCallFormat.Llama3Json, "{}", "{}" },
        { ToolCallFormat.Llama3Json, "The JSON {\"name\": \"clock\", \"parameters\": {}}", "The JSON {\"name\": \"clock\", \"parameters\": {}}" },
        { ToolCallFormat.Llama3Json, "{\"name\": \"clock\", \"parameters\": {}}; and more", "{clock {}}; and more" },
        { ToolCallFormat.Llama3Json, "{\"name\": \"clock\", \"parameters\": {\"zo", "!ends within!{\"name\": \"clock\", \"parameters\": {\"zo" },
        { ToolCallFormat.Llama3Json, "{\"name\": \"clo", "{\"name\": \"clo" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS][{\"name\": \"clock\", \"arguments\": {}, \"id\": \"abcdef123\"}, {\"name\": \"sum\", \"arguments\": {\"a\": 1}}]", "{clock#abcdef123 {}}{sum {\"a\": 1}}" },
        { ToolCallFormat.Mistral, "Let me see.[TOOL_CALLS] [{\"name\": \"clock\", \"arguments\": {}}] ", "Let me see.{clock {}}" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS]clock[ARGS]{\"a\": 1}[TOOL_CALLS]sum[CALL_ID]123456789[ARGS]{}", "{clock {\"a\": 1}}{sum#123456789 {}}" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS]{\"name\": \"clock\"}", "{clock {}}" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS][]none", "none" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS][1]", "!not closed![TOOL_CALLS][1]" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS][{\"name\": \"clock\"}, oops", "!not closed!{clock {}}, oops" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS]clock and so on", "!no JSON object![TOOL_CALLS]clock and so on" },
        { ToolCallFormat.Mistral, "[TOOL_CALLS]clock[ARG]{}", "!no JSON object![TOOL_CALLS]clock[ARG]{}" },
        { ToolCallFormat.Mistral, "a [list] of [TOOLS]", "a [list] of [TOOLS]" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Push_AnyCut_GivesTheSameParts(ToolCallFormat format, string answer, string expected)
    {
        string whole = Short(Parse(format, [answer]));
        Canonical(whole).ShouldBe(Canonical(expected));
        Short(Parse(format, [.. answer.Select(character => character.ToString())])).ShouldBe(whole);
        for (int cut = 1; cut < answer.Length; cut++) Short(Parse(format, [answer[..cut], "", answer[cut..]])).ShouldBe(whole);

        // A problem's words are longer than the tests', and it stands where it was found.
        string Canonical(string text)
        {
            string[] parts = text.Split('!');
            string[] wanted = expected.Split('!');
            if (parts.Length != 3 || wanted.Length != 3) return text;
            if (text != expected) parts[1].ShouldContain(wanted[1]);
            return parts[0] + parts[2];
        }
    }

    [Fact]
    public void Push_TextThatCannotBeAMarker_ComesAtOnce()
    {
        AnswerParser parser = new(ToolCallFormat.Hermes, hasReasoning: true, s_tools);
        Short(parser.Push("a <to")).ShouldBe("a ");
        parser.IsHolding.ShouldBeTrue();
        Short(parser.Push("p")).ShouldBe("<top");
        parser.IsHolding.ShouldBeFalse();
        Short(parser.Push("<tool_call>{\"name\":\"clock\"")).ShouldBe("");
        Short(parser.Push("}")).ShouldBe("{clock {}}");
        AnswerParser plain = new(ToolCallFormat.Hermes, hasReasoning: false, tools: []);
        Short(plain.Push("<tool_call>[<")).ShouldBe("<tool_call>[<");
        AnswerParser json = new(ToolCallFormat.Llama3Json, hasReasoning: false, s_tools);
        Short(json.Push("{\"answer\"")).ShouldBe("{\"answer\"");
    }

    [Fact]
    public void Push_PromptThatOpenedReasoning_GoesOnWithIt()
    {
        AnswerParser parser = new(ToolCallFormat.None, hasReasoning: true, []);
        parser.Push("<think>").ShouldBeEmpty();
        Short([.. parser.Push("hm</think>yes"), .. parser.Finish()]).ShouldBe("(hm)yes");
    }

    [Fact]
    public void Ids_OfCalls_DifferFromThoseThatThereAre()
    {
        AnswerParser parser = new(ToolCallFormat.Hermes, hasReasoning: false, s_tools, ["call00000", "given"]);
        string[] ids = [.. parser.Push(string.Concat(new[] { "", ",\"id\":\"given\"", ",\"id\":\"mine\"", ",\"id\":7", "" }.Select(id => $"<tool_call>{{\"name\":\"clock\"{id}}}</tool_call>"))).Select(part => part.Call!.Id)];
        ids.ShouldBe(["call00001", "call00002", "mine", "call00003", "call00004"]);
    }

    [Fact]
    public void Push_MutatedAnswers_NeverFailAndDoNotDependOnTheCut()
    {
        Random random = new(3);
        string[] scraps = ["<tool_call>", "</tool_call>", "<think>", "</think>", "[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "<|python_tag|>", "{", "}", "[", "]", "\"", ":", ",", ";", "\\", " ", "\n", "name", "\"name\":", "\"clock\"", "clock", "{\"name\":\"clock\",\"arguments\":{}}", "{\"name\":\"sum\",\"parameters\":{\"a\":[1]}}", "x", "日", "🙂", "\ud83d", "<", "\0"];
        ToolCallFormat[] formats = Enum.GetValues<ToolCallFormat>();
        object[][] seeds = [.. Answers().Select(row => (object[])row)];
        int calls = 0;
        for (int i = 0; i < 6000; i++)
        {
            object[] seed = seeds[random.Next(seeds.Length)];
            StringBuilder text = new(i % 3 == 0 ? "" : (string)seed[1]);
            for (int change = random.Next(0, i % 3 == 0 ? 12 : 4); change > 0; change--)
            {
                int at = random.Next(text.Length + 1);
                if (random.Next(3) == 0 && at < text.Length) text.Remove(at, Math.Min(random.Next(4), text.Length - at));
                else text.Insert(at, scraps[random.Next(scraps.Length)]);
            }

            string answer = text.ToString();
            ToolCallFormat format = i % 3 == 0 ? formats[random.Next(formats.Length)] : (ToolCallFormat)seed[0];
            List<AnswerPart> whole = Parse(format, [answer]);
            List<string> pieces = [];
            for (int at = 0; at < answer.Length;)
            {
                int length = Math.Min(random.Next(1, 9), answer.Length - at);
                pieces.Add(answer.Substring(at, length));
                at += length;
            }

            Short(Parse(format, [.. pieces])).ShouldBe(Short(whole), answer);
            calls += whole.Count(part => part.Kind == AnswerPartKind.ToolCall);
            // What is not a call, a marker or space around them comes out.
            int kept = whole.Sum(part => part.Kind is AnswerPartKind.Text or AnswerPartKind.Reasoning ? part.Text.Length : 0);
            if (format == ToolCallFormat.None && !answer.Contains("think>", StringComparison.Ordinal)) kept.ShouldBe(answer.Length, answer);
        }

        calls.ShouldBeGreaterThan(500);
    }

    [Theory]
    [InlineData(ToolCallFormat.Hermes, "<tool_call>{\"")]
    [InlineData(ToolCallFormat.Hermes, "<tool_call>")]
    [InlineData(ToolCallFormat.Hermes, "<tool_call>{")]
    [InlineData(ToolCallFormat.Llama3Json, "{\"name\":\"clock\"; ")]
    [InlineData(ToolCallFormat.Llama3Json, "{")]
    [InlineData(ToolCallFormat.Mistral, "[TOOL_CALLS][{")]
    [InlineData(ToolCallFormat.Mistral, "[TOOL_CALLS]a[ARGS]")]
    [InlineData(ToolCallFormat.Mistral, " ")]
    [InlineData(ToolCallFormat.None, "<thin")]
    public void Push_LongHostileAnswers_TakeLinearTimeAndLittleMemory(ToolCallFormat format, string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, (3 << 20) / unit.Length));
        AnswerParser parser = new(format, hasReasoning: true, s_tools);
        Stopwatch watch = Stopwatch.StartNew();
        long most = 0, given = 0;
        for (int at = 0; at < text.Length; at += 4096)
        {
            string piece = text.Substring(at, Math.Min(4096, text.Length - at));
            given += piece.Length;
            foreach (AnswerPart part in parser.Push(piece)) given -= part.Kind == AnswerPartKind.Problem ? 0 : part.Text.Length;
            most = Math.Max(most, given);
        }

        parser.Finish();
        most.ShouldBeLessThan((1 << 20) + (1 << 16));
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    private static List<AnswerPart> Parse(ToolCallFormat format, IReadOnlyList<string> pieces)
    {
        AnswerParser parser = new(format, hasReasoning: true, s_tools);
        return [.. pieces.SelectMany(piece => parser.Push(piece)).ToList(), .. parser.Finish()];
    }

    private static string Short(IEnumerable<AnswerPart> parts)
    {
        StringBuilder text = new();
        AnswerPartKind? last = null;
        foreach (AnswerPart part in parts)
        {
            string id = part.Call is { } call && !call.Id.StartsWith("call", StringComparison.Ordinal) ? $"#{call.Id}" : "";
            if (part.Kind == AnswerPartKind.Reasoning && last == AnswerPartKind.Reasoning) text.Length--;
            text.Append(part.Kind switch
            {
                AnswerPartKind.Text => part.Text,
                AnswerPartKind.Reasoning => last == AnswerPartKind.Reasoning ? $"{part.Text})" : $"({part.Text})",
                AnswerPartKind.ToolCall => $"{{{part.Call!.Name}{id} {part.Call.Arguments.GetRawText()}}}",
                _ => $"!{part.Text}!",
            });
            last = part.Kind;
        }

        return text.ToString();
    }
}
