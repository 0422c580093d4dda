using System.Diagnostics;

namespace Heed.Cli.Tests;

/// <summary>What is wrong is said before anything is lost, made or measured.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("Encoder.MaxSeqLen=4", "sources", "--objective", "spans")]
    [InlineData("AttentionSoftCap=-5", "AttentionSoftCap is -5")]
    [InlineData("NormEpsilon=1e39", "NormEpsilon is")]
    [InlineData("RopeTheta=1e999", "RopeTheta is")]
    [InlineData("Mixer=AftFull,AftLocal", "Mixer is 'AftFull,AftLocal'")]
    [InlineData("Bidirectional=false", "contradict", "--objective", "masked")]
    [InlineData("NumLayers=1", "--min-lr is", "--min-lr", "1", "--lr", "0.1")]
    public void TrainForce_RefusedSettings_LeaveTheModel(string setting, string problem, params string[] more)
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        Directory.CreateDirectory(Path.Combine(model, "training"));
        string[] files = [Path.Combine(model, "config.json"), Path.Combine(model, "model.safetensors"), Path.Combine(model, "training", "step-1.safetensors")];
        foreach (string file in files) File.WriteAllText(file, "kept");

        HeedResult result = TinyTraining.Train(text, model, ["--force", "--steps", "1", "--set", setting, .. more]);

        result.ExitCode.ShouldNotBe(0);
        result.Err.ShouldContain(problem);
        foreach (string file in files) File.ReadAllText(file).ShouldBe("kept");
    }

    [Theory]
    [InlineData("spans", "3", "--seq 4 or more")]
    [InlineData("masked", "1", "--seq 2 or more")]
    public void Train_RowsTooShortForTheObjective_SaysSo(string objective, string seq, string expected)
    {
        using TempFolder folder = new();
        HeedResult result = HeedProcess.Run("train", TinyTraining.WriteText(folder), "--out", folder.File("model"), "--objective", objective, "--seq", seq, "--steps", "1");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain(expected);
        Directory.Exists(folder.File("model")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("Mixer=AftLocal", "Positions=None")]
    [InlineData("Mixer=AftFull", "Positions=None")]
    [InlineData("Positions=Learned", "NumLayers=1")]
    public void Context_OfModelsWithWeightsForPositions_IsBounded(string mixer, string positions)
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        TinyTraining.Train(text, model, "--set", mixer, "--set", positions, "--set", "NumKvHeads=2", "--steps", "1").ExitCode.ShouldBe(0);

        HeedResult complete = HeedProcess.Run("complete", "The", "-m", model, "--context", "8", "--max-tokens", "12");
        complete.ExitCode.ShouldBe(0, complete.Err);
        HeedResult eval = HeedProcess.Run("eval", text, "-m", model, "--context", "8");
        eval.ExitCode.ShouldBe(0, eval.Err);
        eval.Out.ShouldContain(" of 8, 8 apart");
    }

    [Fact]
    public void Fill_LinformerWithLessContext_FillsShortTextsAndRefusesLong()
    {
        using TempFolder folder = new();
        string model = folder.File("model");
        HeedResult made = TinyTraining.Train(TinyTraining.WriteText(folder), model, "--objective", "masked", "--set", "Mixer=Linformer", "--set", "Positions=Learned", "--set", "NumKvHeads=2", "--set", "LinformerSize=4", "--steps", "1");
        made.ExitCode.ShouldBe(0, made.Err);

        HeedResult fill = HeedProcess.Run("fill", "The f<mask>x", "-m", model, "--context", "8", "--top", "1000");
        fill.ExitCode.ShouldBe(0, fill.Err);
        fill.Out.ShouldNotContain("<mask>");
        fill.Out.ShouldNotContain("endoftext");
        HeedResult refused = HeedProcess.Run("fill", "The f<mask>x found", "-m", model, "--context", "8");
        refused.ExitCode.ShouldBe(1);
        refused.Err.ShouldContain("context holds 8");
    }

    [Fact]
    public void Eval_ClaimedContext_TakesRowsOfTheTextsLength()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        TinyTraining.Train(text, model, "--objective", "masked", "--set", "Positions=None", "--steps", "1").ExitCode.ShouldBe(0);
        string config = Path.Combine(model, "config.json"), json = File.ReadAllText(config);
        string claimed = System.Text.RegularExpressions.Regex.Replace(json, "(\"max_seq_len\"\\s*:\\s*)16", "${1}2000000");
        claimed.ShouldNotBe(json);
        File.WriteAllText(config, claimed);

        HeedResult eval = HeedProcess.RunWith("", new() { ["DOTNET_GCHeapHardLimit"] = "0x40000000" }, "eval", text, "-m", model);

        eval.ExitCode.ShouldBe(0, eval.Err);
        eval.Out.ShouldContain("rows             1\n");
    }

    [Fact]
    public void EvalSpans_ShortDecoder_TakesRowsThatFit()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        HeedResult made = HeedProcess.Run("train", text, "--out", model, "--objective", "spans", "--set", "HiddenSize=16", "--set", "NumLayers=1", "--set", "NumHeads=2", "--set", "NumKvHeads=1", "--set", "MaxSeqLen=12", "--set", "Encoder.MaxSeqLen=256",
            "--seq", "12", "--batch", "4", "--steps", "1", "--peak-gflops", "0", "--sample-every", "0");
        made.ExitCode.ShouldBe(0, made.Err);

        HeedResult eval = HeedProcess.Run("eval", text, "-m", model);

        eval.ExitCode.ShouldBe(0, eval.Err);
    }

    [UnixFact]
    public void Outputs_InPlaceOfAPipe_AreRefused()
    {
        using TempFolder folder = new();
        string pipe = folder.File("pipe.svg"), binary = folder.File("pipe.gguf");
        foreach (string path in new[] { pipe, binary })
        {
            using Process make = Process.Start("mkfifo", [path]);
            make.WaitForExit();
        }
        string[][] lines = [["inspect", "attention", "no-model", "text", "-o", pipe, "--force"], ["attention", "--plot", pipe, "--seq", "8"]];
        foreach (string[] line in lines)
        {
            HeedResult result = HeedProcess.Run(line);
            result.ExitCode.ShouldBe(1);
            result.Err.ShouldContain("a device, a pipe or a socket");
        }
        string model = folder.File("model");
        TinyTraining.Train(TinyTraining.WriteText(folder), model, "--steps", "1").ExitCode.ShouldBe(0);
        HeedProcess.Run("convert", model, binary, "--force").Err.ShouldContain("a device, a pipe or a socket");
    }

    [Fact]
    public void Plot_FolderOrAbsentFolder_IsRefusedBeforeMeasuring()
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(folder.File("dir.svg"));
        foreach ((string path, string problem) in new[] { ("dir.svg", "this is a folder"), (Path.Combine("absent", "a.svg"), "there is no folder") })
        {
            HeedResult result = HeedProcess.Run("attention", "--seq", "8", "--plot", folder.File(path));
            result.ExitCode.ShouldBe(1);
            result.Out.ShouldBe("");
            result.Err.ShouldContain(problem);
        }
    }

    [Fact]
    public void Attention_HeadsThatDoNotGroup_AreRefusedOrLeftOut()
    {
        HeedResult refused = HeedProcess.Run("attention", "--kind", "gqa", "--heads", "3", "--seq", "8");
        refused.ExitCode.ShouldBe(1);
        refused.Out.ShouldBe("");
        refused.Err.ShouldContain("divisible by 4");
        HeedResult all = HeedProcess.Run("attention", "--heads", "3", "--head-dim", "8", "--seq", "16", "--repeats", "1");
        all.ExitCode.ShouldBe(0, all.Err);
        all.Out.ShouldContain("gqa is left out");
    }

    [Theory]
    [InlineData("long:MaxSeqLen=20", "MaxSeqLen is 20")]
    [InlineData("few:VocabSize=5", "VocabSize is 5")]
    [InlineData("halves:Encoder.NumLayers=1", "Encoder")]
    public void Compare_BadVariant_IsRefusedBeforeTheFirstIsTrained(string variant, string problem)
    {
        using TempFolder folder = new();
        HeedResult result = HeedProcess.Run("compare", TinyTraining.WriteText(folder), "--out", folder.File("out"), "--seq", "16", "--steps", "1", "--variant", "mha", variant);

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain(problem);
        result.Err.ShouldNotContain("validation loss");
    }

    [Fact]
    public void Compare_RowsLongerThanTheTextOrAFolderForThePage_AreRefused()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder);
        HeedProcess.Run("compare", text, "--out", folder.File("a"), "--seq", "100000", "--steps", "1", "--variant", "mha").Err.ShouldContain("too few for a row");
        Directory.CreateDirectory(Path.Combine(folder.File("b"), "compare.html"));
        HeedProcess.Run("compare", text, "--out", folder.File("b"), "--seq", "16", "--steps", "1", "--variant", "mha").Err.ShouldContain("this is a folder");
    }

    [Theory]
    [InlineData("HiddenSize=64", "--size decides it")]
    [InlineData("num_layers=3", "--size decides it")]
    [InlineData("Encoder.NumLayers=1", "no encoder")]
    public void Scaling_SettingsThatTheLadderHasNoUseFor_AreRefused(string setting, string problem)
    {
        using TempFolder folder = new();
        HeedResult result = HeedProcess.Run("scaling", TinyTraining.WriteText(folder), "--out", folder.File("out"), "--seq", "16", "--set", setting);

        result.ExitCode.ShouldNotBe(0);
        result.Err.ShouldContain(problem);
    }

    [Theory]
    [InlineData("--tokens")]
    [InlineData("--compute")]
    public void Scaling_MoreTokensThanALongHolds_AreRefused(string option)
    {
        using TempFolder folder = new();
        HeedResult result = HeedProcess.Run("scaling", TinyTraining.WriteText(folder), "--out", folder.File("out"), "--seq", "16", "--size", "16x1", option, "1e30");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain("at most 1e15");
    }
}
