using System.Text.Json;
using Heed.Tests;

namespace Heed.Cli.Tests;

/// <summary>The options of complete and chat that guess tokens: the same text, and how many guesses were right.</summary>
public sealed class SpeculationTests
{
    private const string Prompt = "Once upon a time, there lived a quiet fox named Molly. Her friend was Harry. Once upon a time, there lived a quiet fox";
    private static readonly string[] s_greedy = ["complete", Prompt, "-t", "0", "-n", "40", "--ignore-end"];

    [Theory]
    [InlineData("--lookup"), InlineData("--lookup", "3", "--draft-tokens", "5"), InlineData("--early-exit", "2"), InlineData("--draft", "MODEL", "--draft-tokens", "3")]
    public void Complete_Guessing_WritesTheSameText(params string[] options)
    {
        options = [.. options.Select(option => option == "MODEL" ? Path.Combine(TestData.Repository, "models", "heed-stories") : option)];
        HeedResult plain = HeedProcess.Run(s_greedy), guessed = HeedProcess.Run([.. s_greedy, .. options, "--stats"]);
        guessed.ExitCode.ShouldBe(0, guessed.Err);
        guessed.Out.ShouldBe(plain.Out);
        guessed.Err.ShouldMatch(@"decode .* tok/s, \d+ of \d+ drafted tokens accepted \(\d+ %\)");
    }

    [Fact]
    public void Complete_JsonOfGuesses_CountsThem()
    {
        string last = HeedProcess.Run([.. s_greedy, "--lookup", "--json"]).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        JsonElement usage = JsonDocument.Parse(last).RootElement.GetProperty("usage");
        usage.GetProperty("drafted_tokens").GetInt32().ShouldBeGreaterThanOrEqualTo(usage.GetProperty("accepted_tokens").GetInt32());
    }

    [Fact]
    public void Chat_Guessing_AnswersTheSame()
    {
        const string talk = "Tell me a story about a fox.\nTell me a story about a fox.\n";
        string[] chat = ["chat", "-t", "0", "-n", "60"];
        HeedResult guessed = HeedProcess.RunWith(talk, null, [.. chat, "--lookup"]);
        guessed.ExitCode.ShouldBe(0, guessed.Err);
        guessed.Out.ShouldBe(HeedProcess.RunWith(talk, null, chat).Out);
    }

    [Theory]
    [InlineData("--lookup is 'x'; expected a whole number", "--lookup", "x")]
    [InlineData("--lookup and --early-exit cannot guess at the same time", "--lookup", "--early-exit", "1")]
    [InlineData("--draft-tokens needs --draft, --lookup or --early-exit", "--draft-tokens", "3")]
    [InlineData("--draft-tokens is '65'; expected a whole number, 1 to 64", "--lookup", "--draft-tokens", "65")]
    [InlineData("EarlyExit: Layers is 4; expected 1 to 3: the model has 4 blocks.", "--early-exit", "4")]
    [InlineData("no/such/model", "--draft", "no/such/model")]
    public void Complete_GuessesThatCannotBe_SaysWhy(string message, params string[] options)
    {
        HeedResult result = HeedProcess.Run([.. s_greedy, .. options]);
        result.ExitCode.ShouldNotBe(0);
        result.Out.ShouldBeEmpty();
        result.Err.ShouldContain(message);
    }
}
