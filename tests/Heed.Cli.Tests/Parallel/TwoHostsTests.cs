using System.Diagnostics;

namespace Heed.Cli.Tests.Parallel;

/// <summary>Hosts that are really apart, as far as a network shows.</summary>
public sealed class TwoHostsTests
{
    private static readonly string[] s_options = ["--checkpoint-every", "5", "--validation", "0", "--threads", "1", "--deterministic", "2"];

    [TwoHostsFact]
    public void Train_TwoHosts_MakeTheModelOfOneProcess()
    {
        using TempFolder folder = new();
        using TwoHosts hosts = new(folder);
        string text = TinyTraining.WriteText(folder), alone = folder.File("alone"), shared = folder.File("shared");
        string[] options = [.. s_options, "--steps", "10"];
        TinyTraining.Train(text, alone, options).ExitCode.ShouldBe(0);

        HeedResult result = HeedProcess.RunWith(hosts.Launcher, "", Mpirun.Variables, ["train", text, "--out", shared, .. TinyTraining.Options, .. options]);

        result.ExitCode.ShouldBe(0, result.Err);
        TinyTraining.Weights(shared).ShouldBe(TinyTraining.Weights(alone));
    }

    [TwoHostsFact]
    public void Train_TheLinkIsCut_EndsWithAnErrorAndTheLastCheckpointResumes()
    {
        using TempFolder folder = new();
        using TwoHosts hosts = new(folder);
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        string[] train = ["train", text, "--out", model, .. TinyTraining.Options, .. s_options, "--steps", "100000"];
        Dictionary<string, string> variables = new(Mpirun.Variables) { ["HEED_MPI_TIMEOUT"] = "4" };
        using HeedProcess job = HeedProcess.Start(hosts.Launcher, variables, train);
        TinyTraining.WaitForSteps(job, model, 12);
        long cut = Stopwatch.GetTimestamp();

        hosts.Cut();

        job.WaitForExit(TimeSpan.FromSeconds(60)).ShouldNotBe(0);
        Stopwatch.GetElapsedTime(cut).TotalSeconds.ShouldBeGreaterThan(1, "the link itself tells nobody");
        job.ErrorText().ShouldMatch(@"rank \d failed: rank \d has been silent for 4 s; it has stopped, or its host or the link to it is gone\.");
        int saved = TinyTraining.CheckpointsIn(model)[0];
        using HeedProcess on = HeedProcess.Start(null, [.. train, "--resume"]);
        TinyTraining.WaitForSteps(on, model, saved + 3);
        on.HasExited.ShouldBeFalse(on.HasExited ? on.ErrorText() : "");
    }
}
