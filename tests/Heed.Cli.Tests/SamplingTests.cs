using System.Text.Json;

namespace Heed.Cli.Tests;

/// <summary>The options of complete that choose tokens, and what it says of them.</summary>
public sealed class SamplingTests
{
    private static readonly string[] s_greedy = ["complete", "Once upon a time", "-t", "0", "-n", "10", "--ignore-end"];

    [Fact]
    public void Complete_JsonOfEchoAndAlternatives_IsThePromptThenThePieces()
    {
        JsonElement[] plain = Lines([.. s_greedy, "--json"]), lines = Lines([.. s_greedy, "--json", "--echo", "--top-logprobs", "3"]);

        JsonElement prompt = lines[0];
        prompt.GetProperty("prompt").GetBoolean().ShouldBeTrue();
        prompt.GetProperty("text").GetString().ShouldBe("Once upon a time");
        int tokens = prompt.GetProperty("tokens").GetArrayLength();
        prompt.GetProperty("logprobs").GetArrayLength().ShouldBe(tokens);
        prompt.GetProperty("logprobs")[0].GetSingle().ShouldBe(0);
        prompt.GetProperty("top_logprobs")[0].GetArrayLength().ShouldBe(0);
        prompt.GetProperty("top_logprobs")[tokens - 1].GetArrayLength().ShouldBe(3);
        lines.Length.ShouldBe(plain.Length + 1);
        for (int i = 0; i < plain.Length; i++)
        {
            lines[i + 1].GetProperty("text").GetString().ShouldBe(plain[i].GetProperty("text").GetString());
            plain[i].TryGetProperty("logprobs", out _).ShouldBeFalse();
            plain[i].TryGetProperty("prompt", out _).ShouldBeFalse();
        }
        JsonElement first = lines[1], likeliest = first.GetProperty("top_logprobs")[0][0];
        likeliest.GetProperty("id").GetInt32().ShouldBe(first.GetProperty("tokens")[0].GetInt32());
        likeliest.GetProperty("logprob").GetSingle().ShouldBe(first.GetProperty("logprobs")[0].GetSingle());
        likeliest.GetProperty("text").GetString().ShouldBe(first.GetProperty("text").GetString());
        lines[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(10);
    }

    [Fact]
    public void Complete_Echo_WritesThePromptFirst() =>
        HeedProcess.Run([.. s_greedy, "--echo"]).Out.ShouldBe("Once upon a time" + HeedProcess.Run(s_greedy).Out);

    [Fact]
    public void Complete_BansAndBiases_ChangeTheText()
    {
        JsonElement first = Lines([.. s_greedy, "--json"])[0];
        string id = first.GetProperty("tokens")[0].ToString(), text = first.GetProperty("text").GetString()!;
        string plain = HeedProcess.Run(s_greedy).Out;

        foreach (string[] option in new string[][] { ["--ban", id], ["--ban", text], ["--ban", text.Trim()], ["--logit-bias", $"{id}=-inf"], ["--logit-bias", $"{id}=-100"] })
        {
            HeedResult result = HeedProcess.Run([.. s_greedy, .. option]);
            result.ExitCode.ShouldBe(0, result.Err);
            result.Out.ShouldNotStartWith(text);
        }
        HeedProcess.Run([.. s_greedy, "--logit-bias", $"{id}=-100", "--logit-bias", $"{id}=0"]).Out.ShouldBe(plain, "of two the last one counts");
        HeedProcess.Run([.. s_greedy, "--ban", "no token is this"]).Err.ShouldContain("no token of the model is that text");
        HeedProcess.Run([.. s_greedy, "--ban", "99999999"]).Err.ShouldContain("token 99999999 is not in the vocabulary");
    }

    [Fact]
    public void Complete_PenaltiesAndTypical_ReachTheSampler()
    {
        string[] seeded = ["complete", "Once upon a time", "--seed", "1", "-n", "40", "--ignore-end"];
        string plain = HeedProcess.Run(seeded).Out;
        string penalised = HeedProcess.Run([.. seeded, "--repeat-penalty", "1.8", "--penalty-window", "0"]).Out;

        penalised.ShouldNotBe(plain);
        HeedProcess.Run([.. seeded, "--repetition-penalty", "1.8", "--penalty-window", "0"]).Out.ShouldBe(penalised, "two names of one option");
        HeedProcess.Run([.. seeded, "--repeat-penalty", "1.8", "--penalty-window", "1"]).Out.ShouldNotBe(penalised);
        HeedProcess.Run([.. seeded, "--typical", "0.2"]).Out.ShouldNotBe(plain);
        HeedProcess.Run([.. seeded, "--typical", "1"]).Out.ShouldBe(plain);
    }

    [Theory]
    [InlineData("--typical is '0'; expected above 0, at most 1.", "--typical", "0")]
    [InlineData("--penalty-window is '-1'", "--penalty-window", "-1")]
    [InlineData("--logit-bias is '5'; expected ID=N", "--logit-bias", "5")]
    [InlineData("--logit-bias is 'a=1'; expected ID=N", "--logit-bias", "a=1")]
    [InlineData("--logit-bias is '5=inf'; expected ID=N", "--logit-bias", "5=inf")]
    [InlineData("--ban is empty", "--ban", "")]
    [InlineData("--top-logprobs needs --json", "--top-logprobs", "2")]
    [InlineData("--top-logprobs is '2000'", "--top-logprobs", "2000", "--json")]
    public void Complete_SenselessOption_IsAUsageError(string message, params string[] options)
    {
        HeedResult result = HeedProcess.Run(["complete", "a", .. options]);

        result.ExitCode.ShouldBe(ExitCodes.Usage);
        result.Err.ShouldContain(message);
        result.Out.ShouldBe("");
    }

    private static JsonElement[] Lines(params string[] arguments)
    {
        HeedResult result = HeedProcess.Run(arguments);
        result.ExitCode.ShouldBe(0, result.Err);
        return [.. result.Out.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
