using System.Globalization;
using System.Text.Json;
using Heed.Formats;

namespace Heed.Cli.Tests.Parallel;

/// <summary>Processes that train one model: what comes out hangs on their number by the rounding of sums alone.</summary>
public sealed class ParallelTrainTests
{
    private const double Rounding = 1e-5;

    private static readonly string[] s_options = ["--steps", "10", "--validate-every", "5", "--checkpoint-every", "5"];

    [MpiTheory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(2, "--shard-optimizer")]
    [InlineData(2, "--no-overlap", "--accumulate", "2")]
    [InlineData(2, "--tensor-parallel", "2")]
    [InlineData(2, "--tensor-parallel", "2", "--sequence-parallel")]
    [InlineData(4, "--tensor-parallel", "2", "--shard-optimizer")]
    public void Train_Ranks_MakeTheModelOfOneProcess(int ranks, params string[] how)
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), alone = folder.File("alone"), shared = folder.File("shared");
        // Tokens that are shared are not dropped, which an error says.
        string[] dropout = how.Contains("--sequence-parallel") ? [] : ["--dropout", "0.1"], plain = how.Contains("--accumulate") ? ["--accumulate", "2"] : [];
        TinyTraining.Train(text, alone, [.. s_options, .. dropout, .. plain]).ExitCode.ShouldBe(0);

        HeedResult result = Train(ranks, text, shared, [.. s_options, .. dropout, .. how]);

        result.ExitCode.ShouldBe(0, result.Err);
        result.Err.ShouldContain($"{ranks} processes: ");
        result.Out.Split("validation loss").Length.ShouldBe(2, result.Out);
        Metrics(shared, "loss").ShouldBe(Metrics(alone, "loss"), Rounding);
        Metrics(shared, "validationLoss").ShouldBe(Metrics(alone, "validationLoss"), Rounding);
        WeightsShouldMatch(shared, alone);
        HeedProcess.Run("complete", "The", "-m", shared, "-n", "3").ExitCode.ShouldBe(0);
    }

    [MpiFact]
    public void Train_Deterministic_IsTheSameToTheBitOnAnyNumberOfRanks()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), alone = folder.File("alone");
        string[] options = [.. s_options, "--deterministic", "4"];
        TinyTraining.Train(text, alone, options).ExitCode.ShouldBe(0);

        foreach (int ranks in (int[])[2, 4])
        {
            string shared = folder.File($"shared{ranks}");
            Train(ranks, text, shared, options).ExitCode.ShouldBe(0);
            TinyTraining.Weights(shared).ShouldBe(TinyTraining.Weights(alone), $"{ranks} ranks");
        }
    }

    [MpiFact]
    public void Train_StoppedAndResumedOnOtherNumbersOfRanks_GoesOn()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), alone = folder.File("alone"), moved = folder.File("moved");
        // The schedule counts all steps, so that runs are stopped, not shortened.
        string[] options = ["--steps", "200", "--checkpoint-every", "5", "--validation", "0", "--deterministic", "4"];
        TinyTraining.Train(text, alone, options).ExitCode.ShouldBe(0);

        Kill(Start(2, text, moved, options), moved, 7);
        Kill(HeedProcess.Start(null, ["train", text, "--out", moved, .. TinyTraining.Options, .. options, "--resume"]), moved, 20);
        HeedResult end = Train(4, text, moved, [.. options, "--resume", "--shard-optimizer"]);

        end.ExitCode.ShouldBe(0, end.Err);
        end.Err.ShouldContain("going on after step ");
        TinyTraining.Weights(moved).ShouldBe(TinyTraining.Weights(alone));
        TinyTraining.StepsIn(moved).ShouldBe(200);
    }

    [MpiFact]
    public void Train_ARankIsKilledInMidStep_EndsTheJobAndTheLastCheckpointResumes()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        string[] options = ["--steps", "4000", "--checkpoint-every", "5", "--validation", "0"];
        using HeedProcess job = Start(2, text, model, options);
        TinyTraining.WaitForSteps(job, model, 12);

        job.KillChild(1);

        job.WaitForExit(TimeSpan.FromSeconds(30)).ShouldNotBe(0);
        job.ErrorText().ShouldContain("signal 9");
        int saved = TinyTraining.CheckpointsIn(model)[0];
        saved.ShouldBeGreaterThanOrEqualTo(10);
        using HeedProcess on = Start(2, text, model, [.. options, "--resume"]);
        // The steps that were made after it may have left their lines.
        DateTime deadline = DateTime.UtcNow.AddMinutes(2);
        while (TinyTraining.CheckpointsIn(model)[0] == saved && DateTime.UtcNow < deadline) Thread.Sleep(20);
        on.HasExited.ShouldBeFalse();

        // The launcher's end alone would leave its processes writing to the folder for a while.
        on.KillChild(1, "TERM");
        on.WaitForExit();
    }

    [MpiFact]
    public void Train_OneRankIsAskedToEnd_AllSaveAndSayHowToGoOn()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        using HeedProcess job = Start(2, text, model, "--steps", "4000", "--validation", "0");
        TinyTraining.WaitForSteps(job, model, 7);

        job.KillChild(1, "TERM");

        job.WaitForExit(TimeSpan.FromSeconds(60)).ShouldBe(ExitCodes.Terminated);
        string said = job.ErrorText();
        said.ShouldContain("; the run is saved. To go on:");
        said.ShouldContain("--resume");
        said.ShouldNotContain("failed");
        TinyTraining.CheckpointsIn(model)[0].ShouldBeGreaterThanOrEqualTo(7);
    }

    [MpiFact]
    public void Train_TensorParallelThatDoesNotDivideTheRanks_IsRefused()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder);

        HeedResult alone = TinyTraining.Train(text, folder.File("a"), "--tensor-parallel", "2"), three = Train(3, text, folder.File("b"), "--tensor-parallel", "2");

        alone.ExitCode.ShouldBe(ExitCodes.Usage);
        alone.Err.ShouldContain("--tensor-parallel is 2, and there is one process");
        three.ExitCode.ShouldNotBe(0);
        three.Err.ShouldContain("there are 3 processes");
    }

    private static HeedResult Train(int ranks, string text, string folder, params string[] more) =>
        Mpirun.Run(ranks, ["train", text, "--out", folder, .. TinyTraining.Options, "--threads", "1", .. more]);

    private static HeedProcess Start(int ranks, string text, string folder, params string[] more) =>
        Mpirun.Start(ranks, ["train", text, "--out", folder, .. TinyTraining.Options, "--threads", "1", .. more]);

    private static void Kill(HeedProcess heed, string folder, int steps)
    {
        using (heed)
        {
            TinyTraining.WaitForSteps(heed, folder, steps);
            heed.HasExited.ShouldBeFalse();
            heed.Kill();
        }
    }

    private static double[] Metrics(string folder, string name) =>
    [
        .. File.ReadLines(Path.Combine(folder, "training", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(step => step.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number)
            .Select(step => step.GetProperty(name).GetDouble()),
    ];

    private static void WeightsShouldMatch(string folder, string expected)
    {
        using SafetensorsFile ours = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors")), theirs = SafetensorsFile.Open(Path.Combine(expected, "model.safetensors"));
        ours.Tensors.Select(tensor => tensor.Name).ShouldBe(theirs.Tensors.Select(tensor => tensor.Name), ignoreOrder: true);
        foreach (StoredTensor tensor in theirs.Tensors)
        {
            float[] a = new float[tensor.ElementCount], b = new float[tensor.ElementCount];
            theirs.ReadFloats(tensor, 0, a);
            ours.TryGet(tensor.Name, out StoredTensor? same).ShouldBeTrue();
            ours.ReadFloats(same!, 0, b);
            for (int i = 0; i < a.Length; i++) b[i].ShouldBe(a[i], Rounding, string.Create(CultureInfo.InvariantCulture, $"{tensor.Name}[{i}]"));
        }
    }
}
