using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class ErrorTests
{
    [Theory]
    [InlineData("there is no option '--foo'", "complete", "--foo")]
    [InlineData("'world' is one argument too many", "complete", "hello", "world")]
    [InlineData("there is no command 'compleet'", "compleet")]
    [InlineData("--top-p is '3'; expected above 0, at most 1.", "complete", "a", "--top-p", "3")]
    [InlineData("--temperature is 'hot'; expected 0 or more.", "complete", "a", "-t", "hot")]
    [InlineData("--max-tokens is '-1'", "complete", "a", "-n", "-1")]
    [InlineData("--stop is empty", "complete", "a", "--stop", "")]
    [InlineData("'-t'", "complete", "a", "-t")]
    [InlineData("--logprobs needs --json", "complete", "a", "--logprobs")]
    [InlineData("--beams is '0'", "complete", "a", "--beams", "0")]
    [InlineData("--threads is '0'", "chat", "--threads", "0")]
    public void Run_SenselessCommandLine_IsAUsageError(string message, params string[] arguments)
    {
        HeedResult result = HeedProcess.Run(arguments);

        result.ExitCode.ShouldBe(ExitCodes.Usage);
        result.Out.ShouldBe("");
        result.Err.ShouldStartWith("heed: error: ");
        result.Err.ShouldContain(message);
        result.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2);
    }

    [Fact]
    public void Run_PathWithoutAModel_IsOneLine()
    {
        string missing = Path.Combine(Path.GetTempPath(), "heed-no-such-model"), text = Path.Combine(TestData.Repository, "Heed.slnx"), folder = Path.Combine(TestData.Repository, "src");

        OneLine(HeedProcess.Run("complete", "a", "-m", missing), missing, "neither a file nor a folder is there");
        OneLine(HeedProcess.Run("chat", "-m", text), text, "expected a GGUF file");
        OneLine(HeedProcess.Run("inspect", folder), folder, "no checkpoint is in this folder");
        OneLine(HeedProcess.Run("complete", "a", "--tokenizer", missing), missing);
    }

    [Fact]
    public void Run_ModelOfTheEnvironment_CountsUnlessOneIsNamed()
    {
        string shipped = Path.Combine(TestData.Repository, "models", "heed-stories");
        Dictionary<string, string> wrong = new() { ["HEED_MODEL"] = "/nowhere/model.gguf" };

        OneLine(HeedProcess.RunWith("", wrong, "complete", "a", "-n", "1"), "/nowhere/model.gguf", "HEED_MODEL");
        HeedProcess.RunWith("", wrong, "complete", "a", "-n", "1", "-m", shipped).ExitCode.ShouldBe(0);
        HeedResult right = HeedProcess.RunWith("", new() { ["HEED_MODEL"] = shipped }, "complete", "a", "-n", "1");
        right.ExitCode.ShouldBe(0);
        right.Err.ShouldBe("");
    }

    [Fact]
    public void Run_Verbose_ShowsWhereTheErrorComesFrom()
    {
        HeedProcess.Run("complete", "a", "-m", "/nowhere", "--verbose").Err.ShouldContain("   at ");
        HeedProcess.RunWith("", new() { ["HEED_DEBUG"] = "1" }, "inspect", "/nowhere").Err.ShouldContain("   at ");
    }

    [Fact]
    public void Run_Help_GoesToStandardOutput()
    {
        foreach (string[] line in new string[][] { [], ["--help"], ["complete", "--help"] })
        {
            HeedResult result = HeedProcess.Run(line);
            result.ExitCode.ShouldBe(0);
            result.Out.ShouldContain("Usage:");
            result.Err.ShouldBe("");
        }
    }

    [Fact]
    public void Run_HelpOfWhatProcessesShare_SaysSo()
    {
        foreach (string command in new[] { "complete", "chat", "bench" }) HeedProcess.Run(command, "--help").Out.ShouldContain("Under mpirun the processes share the model.");
    }

    private static void OneLine(HeedResult result, params string[] parts)
    {
        result.ExitCode.ShouldBe(ExitCodes.Error);
        result.Out.ShouldBe("");
        result.Err.ShouldStartWith("heed: error: ");
        foreach (string part in parts) result.Err.ShouldContain(part);
        result.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
    }
}
