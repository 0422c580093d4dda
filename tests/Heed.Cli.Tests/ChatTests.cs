using System.Text.Json;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class ChatTests
{
    [Fact]
    public void Chat_PipedLines_AreTurns()
    {
        using TempFolder folder = new();
        string before = folder.File("before.json"), after = folder.File("after.json");
        string script = $"""
            Hello there

            /system Be kind.
            /save {before}
            And now?
            /reset
            //slash
            /save {after}
            /exit
            never said
            """;

        HeedResult result = HeedProcess.RunWith(script, null, "chat", "--system", "Be brief.", "-t", "0", "-n", "8", "--ignore-end");

        result.ExitCode.ShouldBe(0);
        string[] answers = result.Out.TrimEnd('\n').Split('\n');
        answers.Length.ShouldBe(3);
        answers.ShouldAllBe(answer => answer.Length > 0 && !answer.StartsWith(' '));
        Messages(before).ShouldBe([("system", "Be kind."), ("user", "Hello there"), ("assistant", answers[0])]);
        Messages(after).ShouldBe([("system", "Be kind."), ("user", "/slash"), ("assistant", answers[2])]);
    }

    [Fact]
    public void Chat_UnknownCommand_IsReportedAndTheChatGoesOn()
    {
        HeedResult result = HeedProcess.RunWith("/nope\nhello\n/save\n/help", null, "chat", "-n", "4", "--ignore-end");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain("there is no command /nope");
        result.Err.ShouldContain("/save needs the name of a file");
        result.Err.ShouldContain("/reset");
        result.Out.TrimEnd('\n').ShouldNotContain("\n");
        result.Out.ShouldNotBeEmpty();
    }

    [Fact]
    public void Chat_ContextOverflow_IsExplainedAndResetHelps()
    {
        string tooLong = string.Join(' ', Enumerable.Repeat("story", 600));

        HeedResult result = HeedProcess.RunWith($"{tooLong}\n/reset\nhello\n", null, "chat", "-n", "4", "--ignore-end");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldMatch(@"heed: error: the conversation has \d+ tokens and the context holds 512: /reset .*--slide");
        result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
    }

    [Fact]
    public void Chat_WithTools_ShowsCallsAndTakesTheirResults()
    {
        using TempFolder folder = new();
        string model = CopyWithTemplate(folder), tools = folder.File("tools.json"), saved = folder.File("saved.json");
        File.WriteAllText(tools, """[{"type":"function","function":{"name":"dice","parameters":{"type":"object","properties":{"sides":{"enum":[6,20]}},"required":["sides"]}}}]""");

        HeedResult result = HeedProcess.RunWith($"Roll the dice\nfour\n/save {saved}\n", null, "chat", "-m", model, "--tools", tools, "--tool-choice", "required", "-t", "0", "-n", "60", "--ban", "\n", "--drop-turns");

        result.Err.ShouldContain("the result of dice, on one line:");
        result.ExitCode.ShouldBe(0);
        result.Out.Split('\n')[0].ShouldMatch("""^dice \{"sides":(6|20)\}$""");
        Messages(saved).Select(message => message.Role).ShouldBe(["user", "assistant", "tool", "assistant"]);
        File.ReadAllText(saved).ShouldContain("\"tool_call_id\": \"call00000\"");
    }

    [Fact]
    public void Chat_ToolsThatCannotBeUsed_SaysWhy()
    {
        using TempFolder folder = new();
        string tools = folder.File("tools.json");
        File.WriteAllText(tools, """[{"name":"dice"}]""");
        HeedResult none = HeedProcess.RunWith("hello", null, "chat", "--tools", tools), unused = HeedProcess.RunWith("hello", null, "chat", "-n", "2", "--tools", tools, "--tool-choice", "none");
        none.Err.ShouldContain("--tools: the model cannot be given any: its chat template takes none");
        none.ExitCode.ShouldBe(1);
        unused.ExitCode.ShouldBe(0, unused.Err);
        HeedProcess.RunWith("hello", null, "chat", "--tools", tools, "--tool-choice", "cards").Err.ShouldContain("--tool-choice is 'cards'; expected auto, none, required, or the name of a tool: dice.");
        HeedProcess.RunWith("hello", null, "chat", "--tool-choice", "none").Err.ShouldContain("--tool-choice needs --tools");
        File.WriteAllText(tools, "[{}]");
        HeedProcess.RunWith("hello", null, "chat", "--tools", tools).Err.ShouldContain("tools.json: Tools: entry 0 has no name");
    }

    [Fact]
    public void Chat_DropTurns_LeavesOutTheOldest()
    {
        string turn = string.Join(' ', Enumerable.Repeat("story", 100));
        HeedResult result = HeedProcess.RunWith(string.Join('\n', Enumerable.Repeat(turn, 6)), null, "chat", "-n", "4", "--ignore-end", "--drop-turns");
        result.ExitCode.ShouldBe(0);
        result.Err.ShouldMatch(@"the first \d turns were left out");
    }

    [UnixFact]
    public void Chat_CtrlC_StopsTheAnswerAndNotTheChat()
    {
        using TempFolder folder = new();
        string saved = folder.File("saved.json");
        using HeedProcess heed = HeedProcess.Start(null, "chat", "--slide", "--ignore-end", "-n", "100000000");
        heed.Input.WriteLine("hello");
        heed.Input.Flush();
        string begin = heed.Read(10);

        heed.Interrupt();
        heed.Input.WriteLine($"/save {saved}");
        heed.Input.Close();

        string rest = heed.Output.ReadToEndAsync().Result;
        heed.WaitForExit().ShouldBe(0);
        rest.ShouldEndWith("\n");
        (string role, string content)[] messages = Messages(saved);
        messages[0].ShouldBe(("user", "hello"));
        messages[1].ShouldBe(("assistant", (begin + rest).Trim()));
    }

    private static (string Role, string Content)[] Messages(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.EnumerateArray().Select(message => (message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))];
    }

    private static string CopyWithTemplate(TempFolder folder)
    {
        DirectoryInfo copy = Directory.CreateDirectory(folder.File("model"));
        foreach (string file in Directory.GetFiles(Path.Combine(TestData.Repository, "models", "heed-stories"))) File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
        File.WriteAllText(
            Path.Combine(copy.FullName, "chat_template.jinja"),
            "{{ tools | tojson }}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content }}{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}{{ '<|im_start|>assistant\n' }}");
        return copy.FullName;
    }
}
