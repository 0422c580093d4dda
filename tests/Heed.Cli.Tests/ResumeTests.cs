namespace Heed.Cli.Tests;

public sealed class ResumeTests
{
    private const int Steps = 1500, Every = 10;

    [UnixFact]
    public void Train_KilledAtRandomMoments_LosesNoCheckpointAndEndsWithTheSameBytes()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), whole = folder.File("whole"), torn = folder.File("torn");
        string[] options = ["--steps", $"{Steps}", "--checkpoint-every", $"{Every}", "--validation", "0"];
        TinyTraining.Train(text, whole, options).ExitCode.ShouldBe(0);
        Random random = new(4);

        int kills = 0, saved = 0;
        for (; kills < 20; kills++)
        {
            using HeedProcess heed = HeedProcess.Start(null, ["train", text, "--out", torn, .. TinyTraining.Options, .. options, .. Again(torn)]);
            // Some end while they begin, the others among the steps and checkpoints.
            if (kills % 5 == 4) Thread.Sleep(random.Next(400));
            else TinyTraining.WaitForSteps(heed, torn, saved + random.Next(1, 60));
            Thread.Sleep(random.Next(8));
            if (heed.HasExited) break;
            heed.Kill();
            if (!Directory.Exists(Path.Combine(torn, "training"))) continue;
            int newest = TinyTraining.CheckpointsIn(torn).FirstOrDefault();
            newest.ShouldBeGreaterThanOrEqualTo(saved);
            saved = newest;
            // The step after the one whose checkpoint is due may not begin before that is written.
            (TinyTraining.StepsIn(torn) - saved).ShouldBeLessThanOrEqualTo(Every);
        }
        HeedResult end = TinyTraining.Train(text, torn, [.. options, .. Again(torn)]);

        kills.ShouldBe(20);
        end.ExitCode.ShouldBe(0, end.Err);
        TinyTraining.Weights(torn).ShouldBe(TinyTraining.Weights(whole));
        TinyTraining.StepsIn(torn).ShouldBe(Steps);
        Directory.EnumerateFiles(torn, "*.tmp").ShouldBeEmpty();
    }

    [UnixFact]
    public void Train_CtrlC_SavesAndSaysHowToGoOn()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder, "a text's.txt"), model = folder.File("model");
        // So many that no machine is through before it is interrupted.
        string[] options = ["--steps", "4000", "--checkpoint-every", "0", "--validation", "0"];
        TinyTraining.Train(text, folder.File("whole"), options).ExitCode.ShouldBe(0);

        using HeedProcess heed = HeedProcess.Start(null, ["train", text, "--out", model, .. TinyTraining.Options, .. options]);
        TinyTraining.WaitForSteps(heed, model, 3);
        heed.Interrupt();

        heed.WaitForExit().ShouldBe(ExitCodes.Interrupted);
        string error = heed.ErrorText();
        error.ShouldMatch(@"heed: stopped after step \d+ of 4000; the run is saved\. To go on:");
        TinyTraining.CheckpointsIn(model).Length.ShouldBe(1);
        HeedProcess.Run("complete", "The", "-m", model, "-n", "3", "--seed", "1").ExitCode.ShouldBe(0);
        string line = error.TrimEnd().Split('\n')[^1].Trim();
        line.ShouldStartWith($"heed train '{text.Replace("'", @"'\''", StringComparison.Ordinal)}' --out {model} ");
        line.ShouldEndWith(" --resume");
        HeedResult on = TinyTraining.Train(text, model, [.. options, "--resume"]);
        on.ExitCode.ShouldBe(0, on.Err);
        on.Err.ShouldContain("going on after step ");
        TinyTraining.Weights(model).ShouldBe(TinyTraining.Weights(folder.File("whole")));
    }

    [Fact]
    public void Train_ResumeWithAnotherText_IsRefused()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), other = folder.File("other.txt"), model = folder.File("model");
        File.WriteAllText(other, "Something else entirely, which the run has not begun with.");
        TinyTraining.Train(text, model, "--steps", "2").ExitCode.ShouldBe(0);

        HeedResult refused = TinyTraining.Train(other, model, "--steps", "2", "--resume");

        refused.ExitCode.ShouldBe(1);
        refused.Err.ShouldContain("Text was 1 files of ");
    }

    [Fact]
    public void Train_FolderWithARun_IsKeptUnlessForced()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        TinyTraining.Train(text, model, "--steps", "4").ExitCode.ShouldBe(0);
        byte[] before = TinyTraining.Weights(model);

        HeedResult refused = TinyTraining.Train(text, model, "--steps", "2");
        HeedResult changed = TinyTraining.Train(text, model, "--steps", "6", "--resume");

        refused.ExitCode.ShouldBe(1);
        refused.Err.ShouldContain("--resume goes on with it, --force begins again");
        changed.ExitCode.ShouldBe(1);
        changed.Err.ShouldContain("Steps was 4, is 6");
        changed.Err.ShouldContain("--accept-changes");
        TinyTraining.Weights(model).ShouldBe(before);
        TinyTraining.Train(text, model, "--steps", "6", "--resume", "--accept-changes").ExitCode.ShouldBe(0);
        TinyTraining.StepsIn(model).ShouldBe(6);
        TinyTraining.Train(text, model, "--steps", "2", "--force").ExitCode.ShouldBe(0);
        TinyTraining.StepsIn(model).ShouldBe(2);
    }

    [Fact]
    public void Train_LossThatIsNoNumber_EndsTheRunAndNamesTheLastGoodCheckpoint()
    {
        using TempFolder folder = new();
        string model = folder.File("model");

        HeedResult result = TinyTraining.Train(TinyTraining.WriteText(folder), model, "--steps", "100", "--lr", "1e30", "--warmup", "0", "--checkpoint-every", "1", "--validation", "0");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldMatch(@"heed: error: Training diverged at step \d+: .*Try a lower learning rate");
        result.Out.ShouldBe("");
    }

    [UnixFact]
    public void Train_ForceWhileARunIsInProgress_IsRefusedAndLeavesIt()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        using HeedProcess heed = HeedProcess.Start(null, ["train", text, "--out", model, .. TinyTraining.Options, "--steps", "100000", "--checkpoint-every", "5", "--validation", "0"]);
        TinyTraining.WaitForSteps(heed, model, 8);

        HeedResult forced = TinyTraining.Train(text, model, "--steps", "2", "--force"), resumed = TinyTraining.Train(text, model, "--steps", "2", "--resume");

        forced.ExitCode.ShouldBe(1);
        forced.Err.ShouldContain("no other training may be running in it");
        resumed.Err.ShouldContain("no other training may be running in it");
        int steps = TinyTraining.StepsIn(model);
        TinyTraining.WaitForSteps(heed, model, steps + 8);
        heed.HasExited.ShouldBeFalse(heed.HasExited ? heed.ErrorText() : "");
        File.Exists(Path.Combine(model, "training", "text.tokens")).ShouldBeTrue();
        heed.Interrupt();
        heed.WaitForExit().ShouldBe(ExitCodes.Interrupted);
        TinyTraining.Train(text, model, "--steps", "2", "--force").ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Train_ResumeWithAnotherModelOrRows_NamesTheDifferences()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        TinyTraining.Train(text, model, "--steps", "4").ExitCode.ShouldBe(0);

        HeedResult result = TinyTraining.Train(text, model, "--steps", "4", "--resume", "--random", "--dropout", "0.2", "--set", "RopeTheta=500");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain("Model.Dropout was 0, is 0.2; Model.RopeTheta was 10000, is 500; Rows was WindowBatches, seed 1, is RandomBatches, seed 1.");
        TinyTraining.Train(text, model, "--steps", "4", "--resume", "--validation", "0.2").Err.ShouldContain("Data was ");
        TinyTraining.Train(text, model, "--steps", "4", "--resume", "--validate-every", "3", "--validation-batches", "1").ExitCode.ShouldBe(0);
    }

    private static string[] Again(string folder) => TinyTraining.HoldsRun(folder) ? ["--resume"] : Directory.Exists(folder) ? ["--force"] : [];
}
