using System.Text.Json;

namespace Heed.Cli.Tests;

/// <summary>Beam search and kept prompts of heed complete.</summary>
public sealed class BeamTests
{
    private static readonly string[] s_search = ["complete", "Once upon a time", "-n", "10", "--ignore-end", "--beams", "4"];

    [Fact]
    public void Complete_Beams_WritesTheBestText_AndJsonTheNBest()
    {
        HeedResult text = HeedProcess.Run(s_search), json = HeedProcess.Run([.. s_search, "--json", "--n-best", "3", "--length-penalty", "1", "--early-stopping", "never"]);

        text.ExitCode.ShouldBe(0, text.Err);
        JsonElement[] lines = [.. json.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        lines.Length.ShouldBe(3);
        lines[0].GetProperty("text").GetString().ShouldBe(text.Out);
        lines.Select(line => line.GetProperty("score").GetDouble()).ShouldBeInOrder(SortDirection.Descending);
        foreach (JsonElement line in lines)
        {
            line.GetProperty("tokens").GetArrayLength().ShouldBe(10);
            line.GetProperty("finish_reason").GetString().ShouldBe("max_tokens");
            line.GetProperty("score").GetDouble().ShouldBe(line.GetProperty("logprob").GetDouble() / (15 / 6.0), 1e-9);
            line.GetProperty("logprobs").EnumerateArray().Sum(value => value.GetDouble()).ShouldBe(line.GetProperty("logprob").GetDouble(), 1e-4);
        }
        lines[2].GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(30);
        lines[0].TryGetProperty("usage", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("--length-penalty needs --beams", "--length-penalty", "1")]
    [InlineData("--n-best needs --json", "--beams", "4", "--n-best", "2")]
    [InlineData("--n-best is 5; expected at most 4", "--beams", "4", "--n-best", "5", "--json")]
    [InlineData("--groups is 3; expected a divisor of 4", "--beams", "4", "--groups", "3")]
    [InlineData("--diversity needs --groups", "--beams", "4", "--diversity", "1")]
    [InlineData("--early-stopping is 'soon'; expected full, settled, never", "--beams", "4", "--early-stopping", "soon")]
    [InlineData("--beams is '0'; expected a whole number, 1 to 4096", "--beams", "0")]
    [InlineData("--beams is '2147483647'", "--beams", "2147483647")]
    [InlineData("--n-best is '0'", "--beams", "4", "--n-best", "0", "--json")]
    [InlineData("--diversity is 'x'", "--beams", "4", "--groups", "2", "--diversity", "x")]
    [InlineData("'--groups' expects a single argument", "--beams", "4", "--groups", "2", "--groups", "2")]
    [InlineData("--beams and --echo contradict each other", "--beams", "4", "--echo")]
    [InlineData("--beams and --lookup contradict each other", "--beams", "4", "--lookup")]
    [InlineData("--beams and --prompt-cache contradict each other", "--beams", "4", "--prompt-cache", "x")]
    public void Complete_BeamOptionsThatDoNotFit_AreClearErrors(string error, params string[] options)
    {
        HeedResult result = HeedProcess.Run(["complete", "Once", .. options]);
        result.ExitCode.ShouldNotBe(0);
        result.Err.ShouldContain(error);
        result.Out.ShouldBeEmpty();
    }

    [Fact]
    public void Complete_PromptCache_IsWrittenAndServesTheNextPrompt()
    {
        using TempFolder folder = new();
        string file = Path.Combine(folder.Path, "prompt.cache");
        string[] Ask(string prompt) => ["complete", prompt, "-t", "0", "-n", "6", "--ignore-end", "--json", "--prompt-cache", file];
        const string Prompt = "Once upon a time there was a cat";

        HeedResult first = HeedProcess.Run(Ask(Prompt));
        first.ExitCode.ShouldBe(0, first.Err);
        first.Err.ShouldContain("prompt.cache was written");
        byte[] written = File.ReadAllBytes(file);
        HeedResult second = HeedProcess.Run(Ask(Prompt));
        second.Err.ShouldBeEmpty();
        File.ReadAllBytes(file).ShouldBe(written, "nothing has grown");
        JsonElement usage = Usage(second);
        usage.GetProperty("cached_tokens").GetInt32().ShouldBe(usage.GetProperty("prompt_tokens").GetInt32() - 1);
        Text(second).ShouldBe(Text(first));

        HeedResult longer = HeedProcess.Run(Ask(Prompt + " and a dog"));
        longer.Err.ShouldContain("prompt.cache was written");
        Usage(longer).GetProperty("cached_tokens").GetInt32().ShouldBeGreaterThan(5);
        Text(longer).ShouldBe(HeedProcess.Run("complete", Prompt + " and a dog", "-t", "0", "-n", "6", "--ignore-end").Out);

        File.WriteAllText(file, "something of mine");
        HeedResult refused = HeedProcess.Run(Ask(Prompt));
        refused.ExitCode.ShouldNotBe(0);
        refused.Err.ShouldContain("this is no saved cache");
        File.ReadAllText(file).ShouldBe("something of mine");
    }

    private static JsonElement Usage(HeedResult result) => JsonDocument.Parse(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement.GetProperty("usage");

    private static string Text(HeedResult result) => string.Concat(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()));
}
