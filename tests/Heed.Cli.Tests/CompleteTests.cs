using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class CompleteTests
{
    private static readonly string[] s_greedy = ["complete", "Once upon a time", "-t", "0", "-n", "12", "--ignore-end"];

    [Fact]
    public void Complete_NoModelNamed_WritesWithTheShippedOne()
    {
        HeedResult result = HeedProcess.Run(s_greedy);

        result.ExitCode.ShouldBe(0);
        result.Out.ShouldMatch(@"\A, [A-Za-z ,.]+\z");
        result.Err.ShouldBe("");
    }

    [Fact]
    public void Complete_SameSeed_SameText()
    {
        string[] line = ["complete", "Once", "--ignore-end", "-n", "30", "--seed"];

        string first = HeedProcess.Run([.. line, "7"]).Out;

        HeedProcess.Run([.. line, "7", "--threads", "1"]).Out.ShouldBe(first);
        HeedProcess.Run([.. line, "8"]).Out.ShouldNotBe(first);
    }

    [Fact]
    public void Complete_RoundedKeysAndValues_WriteATextAndWrongTypesAreNamed()
    {
        string expected = HeedProcess.Run(s_greedy).Out;

        HeedProcess.Run([.. s_greedy, "--kv-type", "f32"]).Out.ShouldBe(expected);
        foreach (string type in new[] { "f16", "q8_0" })
        {
            HeedResult result = HeedProcess.Run([.. s_greedy, "--kv-type", type]);
            result.ExitCode.ShouldBe(0, result.Err);
            result.Out.ShouldMatch(@"\A, [A-Za-z ,.]+\z");
            HeedProcess.Run([.. s_greedy, "--kv-type", type, "--threads", "1"]).Out.ShouldBe(result.Out);
        }
        HeedProcess.Run([.. s_greedy, "--kv-type", "bf16"]).Err.ShouldContain("--kv-type is 'bf16'; expected f32, f16, q8_0.");
        HeedProcess.Run("fill", "a <mask>", "--kv-type", "f16").ExitCode.ShouldBe(2, "fill keeps no cache");
    }

    [Fact]
    public void Complete_PromptFromStandardInput_IsTheSameAsAnArgument()
    {
        string expected = HeedProcess.Run(s_greedy).Out;

        HeedProcess.RunWith("Once upon a time\n", null, "complete", "-t", "0", "-n", "12", "--ignore-end").Out.ShouldBe(expected);
        HeedProcess.RunWith("Once upon a time", null, "complete", "-", "-t", "0", "-n", "12", "--ignore-end").Out.ShouldBe(expected);
    }

    [Fact]
    public void Complete_RepackedWeights_AreWrittenThenMapped_AndGiveTheSameText()
    {
        using TempFolder temp = new();
        string expected = HeedProcess.Run(s_greedy).Out;
        HeedResult first = HeedProcess.Run([.. s_greedy, "--repacked", temp.Path]), second = HeedProcess.Run([.. s_greedy, "--repacked", temp.Path]);
        first.Out.ShouldBe(expected);
        first.Err.ShouldContain("MiB of repacked weights, which the next load maps.");
        second.Out.ShouldBe(expected);
        second.Err.ShouldBeEmpty();
        string file = Directory.GetFiles(temp.Path).Single();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..200]);
        HeedResult third = HeedProcess.Run([.. s_greedy, "--repacked", temp.Path]);
        third.Out.ShouldBe(expected);
        third.Err.ShouldContain("could not be used: it is cut off or damaged");
        HeedProcess.Run([.. s_greedy, "--repacked", Path.Combine(temp.Path, "none", "x")]).Err.ShouldContain("does not exist");
    }

    [Fact]
    public void Complete_Json_IsLinesOfPiecesAndUsage()
    {
        HeedResult result = HeedProcess.Run([.. s_greedy, "--json", "--logprobs"]);

        string[] lines = result.Out.Split('\n');
        lines[^1].ShouldBe("");
        JsonElement[] pieces = [.. lines[..^1].Select(line => JsonDocument.Parse(line).RootElement)];
        string text = string.Concat(pieces.Select(piece => piece.GetProperty("text").GetString()));
        text.ShouldBe(HeedProcess.Run(s_greedy).Out);
        pieces.Sum(piece => piece.GetProperty("tokens").GetArrayLength()).ShouldBe(12);
        float[] logprobs = [.. pieces.Where(piece => piece.TryGetProperty("logprobs", out _)).SelectMany(piece => piece.GetProperty("logprobs").EnumerateArray()).Select(value => value.GetSingle())];
        logprobs.Length.ShouldBe(12);
        logprobs.ShouldAllBe(value => value <= 0);
        JsonElement last = pieces[^1];
        last.GetProperty("finish_reason").GetString().ShouldBe("max_tokens");
        last.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(12);
        last.GetProperty("usage").GetProperty("prompt_tokens").GetInt32().ShouldBeGreaterThan(4);
        pieces[..^1].ShouldAllBe(piece => !HasFinishReason(piece));
    }

    [Fact]
    public void Complete_Stats_GoToStandardErrorOnly()
    {
        HeedResult plain = HeedProcess.Run(s_greedy);

        HeedResult result = HeedProcess.Run([.. s_greedy, "--stats", "--threads", "1"]);

        result.Out.ShouldBe(plain.Out);
        foreach (string line in new[] { "load ", "prefill ", "decode ", "memory ", "threads  1", "ended " }) result.Err.ShouldContain(line);
    }

    [Fact]
    public void Complete_StopTexts_EndTheText()
    {
        string text = HeedProcess.Run(s_greedy).Out;
        string stop = text[(text.Length / 2)..][..4];

        HeedProcess.Run([.. s_greedy, "--stop", "no such text", "--stop", stop]).Out.ShouldBe(text[..text.IndexOf(stop, StringComparison.Ordinal)]);
    }

    [Fact]
    public void Complete_EmptyPrompt_BeginsFromNothing()
    {
        HeedResult result = HeedProcess.Run("complete", "", "-n", "5", "--ignore-end");

        result.ExitCode.ShouldBe(0);
        result.Out.ShouldNotBeEmpty();
    }

    [Fact]
    public void Complete_PromptLongerThanTheContext_SaysSoUnlessItMaySlide()
    {
        string prompt = new StringBuilder().Insert(0, "what a long story, ", 100_000 / 19).ToString();

        HeedResult refused = HeedProcess.RunWith(prompt, null, "complete", "-n", "5");
        refused.ExitCode.ShouldBe(1);
        refused.Out.ShouldBe("");
        refused.Err.ShouldMatch(@"heed: error: the prompt has \d+ tokens and the context holds 512; .*--slide");
        HeedProcess.RunWith(prompt, null, "complete", "-n", "5", "--slide", "--ignore-end").ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Complete_ContextOption_BoundsTheText()
    {
        HeedResult result = HeedProcess.Run("complete", "a", "--context", "20", "--ignore-end", "--json");

        result.Out.ShouldContain("\"finish_reason\":\"context_full\"");
    }

    [Fact]
    public void Complete_TextAfterTwoDashes_MayLookLikeAnOption()
    {
        HeedProcess.Run("complete", "-n", "3", "--", "--foo").ExitCode.ShouldBe(0);
    }

    [UnixFact]
    public void Complete_ReaderGoesAway_EndsQuietly()
    {
        using HeedProcess heed = HeedProcess.Start(null, "complete", "a", "--slide", "--ignore-end");
        heed.Read(10);

        heed.Output.Close();

        heed.WaitForExit().ShouldBe(ExitCodes.ClosedPipe);
        heed.ErrorText().ShouldNotContain("error");
    }

    [UnixFact]
    public void Complete_CtrlC_EndsPromptlyWithWhatCame()
    {
        using HeedProcess heed = HeedProcess.Start(null, "complete", "a", "--slide", "--ignore-end", "--json");
        heed.Read(10);

        heed.Interrupt();

        string[] lines = heed.Output.ReadToEndAsync().Result.TrimEnd('\n').Split('\n');
        heed.WaitForExit().ShouldBe(ExitCodes.Interrupted);
        lines[^1].ShouldBe("""{"text":"","tokens":[],"finish_reason":"interrupted"}""");
        heed.ErrorText().ShouldNotContain("error");
    }

    [UnixFact]
    public void Complete_CtrlCBeforeThePromptHasEnded_Ends()
    {
        using HeedProcess heed = HeedProcess.Start(null, "complete");
        heed.Input.Write("a prompt without an end");
        heed.Input.Flush();
        Thread.Sleep(500);

        heed.Interrupt();

        heed.WaitForExit().ShouldBe(ExitCodes.Interrupted);
    }

    [UnixFact]
    public void Complete_OutputsThatCannotBeWritten_NeverCrash()
    {
        string heed = $"dotnet '{typeof(CommandLine).Assembly.Location}' complete a -n 3 --ignore-end";

        Shell($"{heed} 2>&-").ExitCode.ShouldBe(0);
        if (!File.Exists("/dev/full")) return; // macOS has no such device; the first half of the test holds there too.
        (int exitCode, string error) = Shell($"{heed} >/dev/full");
        exitCode.ShouldBe(ExitCodes.Error);
        error.ShouldContain("heed: error: standard output cannot be written");
    }

    [DataFact("weights/stories260K/stories260K.bin")]
    public void Complete_Stories260K_GreedyMatchesLlama2c()
    {
        string folder = TestData.Get("weights/stories260K");

        HeedResult result = HeedProcess.Run("complete", "", "-m", Path.Combine(folder, "stories260K.bin"), "-t", "0", "-n", "200");

        result.Err.ShouldBe("");
        result.Out.TrimEnd('\n').ShouldBe(File.ReadAllText(Path.Combine(folder, "stories260K_greedy.txt")).TrimEnd('\n'));
    }

    private static (int ExitCode, string Error) Shell(string line)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", line]) { UseShellExecute = false, RedirectStandardError = true })!;
        string error = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, error);
    }

    private static bool HasFinishReason(JsonElement piece) => piece.TryGetProperty("finish_reason", out _);

    [Fact]
    public void Complete_OnAnotherPathOfQuantizedWeights_WritesTheSame()
    {
        using TempFolder folder = new();
        string model = folder.File("q4.gguf");
        HeedProcess.Run("quantize", ModelLocator.Find(null).Path, model, "--type", "q4_0").ExitCode.ShouldBe(0);
        string[] ask = ["complete", "Once upon a time", "-m", model, "-t", "0", "-n", "12"];
        string expected = HeedProcess.Run(ask).Out;
        expected.ShouldNotBeEmpty();
        HeedProcess.RunWith("", new() { ["HEED_QUANTIZED_PATH"] = "portable" }, ask).Out.ShouldBe(expected);
        HeedResult wrong = HeedProcess.RunWith("", new() { ["HEED_QUANTIZED_PATH"] = "mmx" }, ask);
        wrong.ExitCode.ShouldNotBe(0);
        wrong.Err.ShouldContain("HEED_QUANTIZED_PATH is 'mmx'; expected one that this processor has: Portable");
        wrong.Err.Trim().Split('\n').Length.ShouldBe(1);
    }
}
