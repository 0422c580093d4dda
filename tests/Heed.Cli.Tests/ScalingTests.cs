using System.Text.Json;
using Heed.Cli.Measuring;
using Heed.Cli.Scaling;
using Heed.Models;

namespace Heed.Cli.Tests;

public sealed class ScalingTests
{
    private static readonly string[] s_small = ["--seq", "16", "--batch", "4", "--threads", "1"];
    private static readonly string[] s_ladder = ["--size", "16x1", "32x1", "48x1", "--tokens", "640", "1280", "2560"];

    [Fact]
    public void Scaling_SmallLadder_WritesPageAndJson_AndGoesOnWithMore()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), to = folder.File("ladder"), log = Path.Combine(to, "scaling.jsonl");
        HeedResult Scale(params string[] more) => HeedProcess.Run(["scaling", text, "--out", to, .. s_small, .. more]);

        HeedResult first = Scale([.. s_ladder, "--budget", "3e9"]);

        first.ExitCode.ShouldBe(0, first.Err);
        first.Out.ShouldBe($"{Path.Combine(to, "scaling.html")}\n");
        first.Err.ShouldContain("L(N, D) = ");
        File.ReadAllLines(log).Length.ShouldBe(10, "settings and nine runs");
        string page = File.ReadAllText(Path.Combine(to, "scaling.html"));
        foreach (string part in new[] { "The law of size and data", "What to spend compute on", "<td>3B</td>", "L(C)", "<polygon", "<circle" }) page.ShouldContain(part);
        page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal).ShouldNotContain("http", Case.Insensitive, "nothing is fetched");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(to, "scaling.json")));
        JsonElement alpha = json.RootElement.GetProperty("law").GetProperty("alpha");
        alpha.GetProperty("value").GetDouble().ShouldBeInRange(alpha.GetProperty("low").GetDouble(), alpha.GetProperty("high").GetDouble());
        JsonElement run = json.RootElement.GetProperty("runs")[0];
        run.GetProperty("countedFlops").GetDouble().ShouldBeGreaterThan(6.0 * run.GetProperty("parameters").GetInt64() * run.GetProperty("tokens").GetInt64());

        string before = File.ReadAllText(log);
        HeedResult second = Scale([.. s_ladder, "--size", "64x1"]);
        second.Err.ShouldContain("runs: 12, 9 of them finished before");
        File.ReadAllText(log).ShouldStartWith(before);
        File.ReadAllLines(log).Length.ShouldBe(13);
        Scale([.. s_ladder, "--lr", "0.01"]).Err.ShouldContain("lr was by size, is 0.01");
    }

    [Theory]
    [InlineData("Bidirectional=true", "--set: Bidirectional is true, so that the model sees the next token")]
    [InlineData("Encoder.NumLayers=1", "the ladder's models have no encoder")]
    public void Scaling_ModelsThatDoNotWriteOn_AreRefused(string setting, string message)
    {
        using TempFolder folder = new();
        HeedResult result = HeedProcess.Run(["scaling", TinyTraining.WriteText(folder), "--out", folder.File("ladder"), .. s_small, .. s_ladder, "--set", setting]);
        result.ExitCode.ShouldNotBe(0);
        result.Err.ShouldContain(message);
    }

    [UnixFact]
    public void Scaling_Interrupted_KeepsFinishedRunsAndGoesOnToTheSameLosses()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), whole = folder.File("whole"), cut = folder.File("cut");
        // The last one takes minutes, if it were let.
        string[] small = [.. s_small, "--size", "16x1", "--tokens", "640", "1280"];
        HeedProcess.Run(["scaling", text, "--out", whole, .. small]).ExitCode.ShouldBe(0);
        using (HeedProcess heed = HeedProcess.Start(null, ["scaling", text, "--out", cut, .. small, "100M"]))
        {
            string log = Path.Combine(cut, "scaling.jsonl");
            DateTime deadline = DateTime.UtcNow.AddMinutes(2);
            while (Lines(log) < 3 && DateTime.UtcNow < deadline) Thread.Sleep(20);
            heed.Interrupt();
            heed.WaitForExit().ShouldBe(ExitCodes.Interrupted);
            heed.ErrorText().ShouldContain("2 runs are kept");
            heed.ErrorText().ShouldContain("no law was fitted. Got 2 points; expected 6 or more");
        }
        HeedResult on = HeedProcess.Run(["scaling", text, "--out", cut, .. small]);
        on.Err.ShouldContain("2 of them finished before");
        Losses(cut).ShouldBe(Losses(whole));

        static int Lines(string path) => File.Exists(path) ? new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)).ReadToEnd().Count(c => c == '\n') : 0;
        static double[] Losses(string to) => [.. File.ReadAllLines(Path.Combine(to, "scaling.jsonl")).Skip(1).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
    }

    [Fact]
    public void Scaling_SenselessLine_IsRefused()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), to = folder.File("ladder");
        HeedProcess.Run("scaling", text, "--out", to, "--size", "20x2").Err.ShouldContain("--size is '20x2'; expected WIDTHxLAYERS");
        HeedProcess.Run("scaling", text, "--out", to, "--tokens", "many").Err.ShouldContain("--tokens is 'many'; expected a number above 0");
        HeedProcess.Run("scaling", text, "--out", to, "--set", "Magic=1").Err.ShouldContain("there is no setting 'Magic'");
    }

    [Fact]
    public void All_TokensAndCompute_AreSpentOnEverySize()
    {
        ModelConfig config = ModelPresets.Find("nano") with { VocabSize = 60, NumKvHeads = null };
        IReadOnlyList<PlannedRun> all = PlannedRun.All(config, [new(64, 3), new(32, 2), new(64, 3)], [1e5], [1e12], seeds: 2, stepTokens: 512);

        all.Count.ShouldBe(8, "two sizes, two amounts, two seeds");
        all.Select(run => 6.0 * run.Parameters * run.Tokens).ShouldBeInOrder();
        foreach (PlannedRun run in all.Where(run => run.Tokens > 2e5))
            (6.0 * run.Parameters * run.Tokens).ShouldBe(1e12, 0.01e12, "C = 6ND, up to half a step");
        PlannedRun small = all.First(run => run.Size == new LadderSize(32, 2));
        (small.Parameters - small.BodyParameters).ShouldBe(60 * 32, "the tied table");
        small.KaplanRate.ShouldBe(0.003239 - 0.0001395 * Math.Log(small.BodyParameters), 1e-12);
    }

    [Fact]
    public void Open_LogThatWasCutOff_KeepsWholeLines()
    {
        using TempFolder folder = new();
        string path = folder.File("runs.jsonl");
        Dictionary<string, string> settings = new() { ["seed"] = "1" };
        using (RunLog<Note> log = RunLog<Note>.Open(path, settings, anew: false)) log.Add(new Note("first"));
        File.AppendAllText(path, """{"text":"sec""");

        using (RunLog<Note> log = RunLog<Note>.Open(path, settings, anew: false))
        {
            log.Runs.ShouldBe([new Note("first")]);
            log.Add(new Note("second"));
        }
        File.ReadAllLines(path).ShouldBe(["""{"seed":"1"}""", """{"text":"first"}""", """{"text":"second"}"""]);
        Should.Throw<CommandException>(() => RunLog<Note>.Open(path, new Dictionary<string, string> { ["seed"] = "2" }, anew: false)).Message.ShouldContain("seed was 1, is 2");
        File.WriteAllText(path, "a diary\n");
        Should.Throw<CommandException>(() => RunLog<Note>.Open(path, settings, anew: false)).Message.ShouldContain("no file of heed's");
        File.ReadAllText(path).ShouldBe("a diary\n");
    }

    [Theory]
    [InlineData("250K", 250e3)]
    [InlineData("1.5m", 1.5e6)]
    [InlineData("2B", 2e9)]
    [InlineData("3e12", 3e12)]
    [InlineData("17", 17.0)]
    [InlineData("0", null)]
    [InlineData("-5K", null)]
    [InlineData("K", null)]
    [InlineData("", null)]
    [InlineData("1e99", null)]
    public void Parse_Amount_IsWhatItSays(string text, double? expected) => Amount.Parse(text).ShouldBe(expected);

    [Theory]
    [InlineData(17, "17")]
    [InlineData(8192, "8192")]
    [InlineData(30.07, "30.1")]
    [InlineData(4501.1, "4501")]
    [InlineData(249856, "250K")]
    [InlineData(999900, "1M")]
    [InlineData(1.234e9, "1.23B")]
    [InlineData(1.5e13, "1.5e13")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void Text_OfAnAmount_IsShort(double value, string expected) => Amount.Text(value).ShouldBe(expected);

    [Theory]
    [InlineData(2.68, 3.48, new[] { 2.6, 2.8, 3.0, 3.2, 3.4, 3.6 })]
    [InlineData(1, 8, new[] { 1.0, 2, 5, 10 })]
    [InlineData(0.5, 900, new[] { 0.1, 1.0, 10, 100, 1000 })]
    [InlineData(2, 2, new[] { 2.0, 5 })]
    public void Of_Range_AreRoundNumbersAroundIt(double low, double high, double[] expected) => LogTicks.Of(low, high).ShouldBe(expected, 1e-9);

    private sealed record Note(string Text);
}
