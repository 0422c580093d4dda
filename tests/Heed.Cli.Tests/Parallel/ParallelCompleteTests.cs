using System.Text.Json;

namespace Heed.Cli.Tests.Parallel;

/// <summary>Processes that share a model: one text, whatever their number.</summary>
public sealed class ParallelCompleteTests
{
    private static readonly string[] s_complete = ["complete", "Once upon a time", "-n", "40", "--seed", "7", "--threads", "1"];

    [MpiTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Complete_Ranks_WriteTheTextOfOneProcess(int ranks)
    {
        HeedResult shared = Mpirun.Run(ranks, s_complete);

        shared.ExitCode.ShouldBe(0, shared.Err);
        shared.Out.ShouldBe(HeedProcess.Run(s_complete).Out);
    }

    [MpiFact]
    public void Complete_PromptFromInputAndNoSeed_WritesOneText()
    {
        HeedResult result = Mpirun.RunWith(2, "Once upon a time\n", "complete", "-n", "12", "--threads", "1", "--stats");

        result.ExitCode.ShouldBe(0, result.Err);
        result.Out.Length.ShouldBeGreaterThan(4);
        result.Err.Split("decode   12 tokens").Length.ShouldBe(2, result.Err);
        result.Err.ShouldContain("ranks    2, which share the model");
        Mpirun.Run(2, "complete", "--help").Out.Split("Usage:").Length.ShouldBe(2);
    }

    [MpiFact]
    public void Complete_QuantizedModel_WritesTheTextOfOneProcess()
    {
        using TempFolder folder = new();
        string model = folder.File("model.gguf");
        HeedProcess.Run("quantize", ModelLocator.Find(null).Path, model, "--type", "q8_0").ExitCode.ShouldBe(0);
        string[] complete = [.. s_complete, "-m", model];

        HeedResult shared = Mpirun.Run(2, complete);

        shared.ExitCode.ShouldBe(0, shared.Err);
        shared.Out.ShouldBe(HeedProcess.Run(complete).Out);
    }

    [MpiFact]
    public void Complete_RepackedSpeculationAndCache_GoByRank()
    {
        using TempFolder folder = new();
        string repacked = folder.File("weights"), cache = folder.File("prompt");
        string[] complete = [.. s_complete, "--repacked", repacked, "--lookup", "--prompt-cache", cache];

        HeedResult first = Mpirun.Run(2, complete), second = Mpirun.Run(2, complete);

        first.ExitCode.ShouldBe(0, first.Err);
        second.ExitCode.ShouldBe(0, second.Err);
        second.Out.ShouldBe(first.Out);
        foreach (string file in (string[])[repacked, cache])
            foreach (string part in (string[])["1of2", "2of2"]) File.Exists($"{file}.{part}").ShouldBeTrue($"{file}.{part}");
        // A file that is lost, with a machine say, has all read the prompt again.
        File.Delete($"{cache}.2of2");
        HeedResult third = Mpirun.Run(2, complete);
        third.ExitCode.ShouldBe(0, third.Err);
        third.Out.ShouldBe(first.Out);
        File.Exists($"{cache}.2of2").ShouldBeTrue();
    }

    [MpiFact]
    public void Chat_TwoRanks_AnswerAsOneProcess()
    {
        const string input = "Tell me a story about a fox.\n/system Be brief.\nAnd then?\n";
        string[] chat = ["chat", "-n", "16", "--seed", "3", "--threads", "1"];

        HeedResult shared = Mpirun.RunWith(2, input, chat);

        shared.ExitCode.ShouldBe(0, shared.Err);
        shared.Out.ShouldBe(HeedProcess.RunWith(input, null, chat).Out);
    }

    [MpiFact]
    public void Bench_TwoRanks_WritesOneLine()
    {
        HeedResult result = Mpirun.Run(2, "bench", "--prompt", "8", "-n", "4", "--rounds", "1", "--threads", "1", "--json");

        result.ExitCode.ShouldBe(0, result.Err);
        using JsonDocument line = JsonDocument.Parse(result.Out);
        line.RootElement.GetProperty("ranks").GetInt32().ShouldBe(2);
        line.RootElement.GetProperty("decode").GetProperty("median").GetDouble().ShouldBeGreaterThan(0);
    }

    [MpiFact]
    public void Inspect_TwoRanks_IsRefusedOnce()
    {
        HeedResult result = Mpirun.Run(2, "inspect");

        result.ExitCode.ShouldBe(ExitCodes.Usage);
        result.Err.Split("heed inspect works in one process, and 2 were started").Length.ShouldBe(2, result.Err);
    }

    [MpiFact]
    public void Complete_OtherArgumentsOnOneRank_IsRefusedAndNamesThem()
    {
        string heed = typeof(CommandLine).Assembly.Location;

        HeedResult result = HeedProcess.RunWith(["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "1", "dotnet", heed, "complete", "One", "-n", "4", ":", "-n", "1"], "", Mpirun.Variables, "complete", "Other", "-n", "4");

        result.ExitCode.ShouldNotBe(0);
        result.Out.ShouldBe("");
        result.Err.ShouldContain("The ranks differ: the command line is ");
        result.Err.ShouldContain("complete One -n 4");
        result.Err.ShouldContain("complete Other -n 4");
    }

    [MpiFact]
    public void Complete_ModelThatCannotBeShared_SaysWhy()
    {
        HeedResult result = Mpirun.Run(3, s_complete);

        result.ExitCode.ShouldNotBe(0);
        result.Out.ShouldBe("");
        result.Err.ShouldContain("3 ranks");
    }
}
