using System.Globalization;
using System.Text;

namespace Heed.Cli.Tests;

/// <summary>Trainings that take no time: a text, a model of a few thousand parameters, and what a run left behind.</summary>
internal static class TinyTraining
{
    /// <summary>Options of a very small model that is neither sampled nor measured.</summary>
    public static readonly string[] Options =
    [
        "--set", "HiddenSize=16", "--set", "NumLayers=1", "--set", "NumHeads=2", "--set", "NumKvHeads=1", "--set", "IntermediateSize=32",
        "--seq", "16", "--batch", "4", "--peak-gflops", "0", "--sample-every", "0",
    ];

    /// <summary>Some lines of English that repeat, with a variation.</summary>
    public static string WriteText(TempFolder folder, string name = "text.txt")
    {
        StringBuilder text = new();
        string[] who = ["fox", "bear", "bird", "child"], what = ["kite", "song", "stone", "boat"];
        for (int i = 0; i < 120; i++) text.Append(CultureInfo.InvariantCulture, $"The {who[i % 4]} found a {what[i * 7 % 4]} by the river, and was glad.\n\n");
        string path = folder.File(name);
        File.WriteAllText(path, text.ToString());
        return path;
    }

    public static string WriteDialogs(TempFolder folder)
    {
        string path = folder.File("dialogs.jsonl");
        File.WriteAllLines(path,
        [
            """{"messages":[{"role":"user","content":"Who are you?"},{"role":"assistant","content":"The fox."}]}""",
            """{"prompt":"What did you find?","response":"A kite."}""",
            """{"prompt":"Where?","response":"By the river."}""",
            """{"prompt":"Are you glad?","response":"Glad."}""",
            """{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"A song?"},{"role":"assistant","content":"A song."}]}""",
        ]);
        return path;
    }

    /// <summary>Trains to the end.</summary>
    public static HeedResult Train(string text, string folder, params string[] more) => HeedProcess.Run(["train", text, "--out", folder, .. Options, .. more]);

    /// <summary>How many steps the metrics tell of.</summary>
    public static int StepsIn(string folder)
    {
        string path = Path.Combine(folder, "training", "metrics.jsonl");
        if (!File.Exists(path)) return 0;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using StreamReader reader = new(file);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    /// <summary>The steps of the whole checkpoints, newest first.</summary>
    public static int[] CheckpointsIn(string folder) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(folder, "training"), "step-*.safetensors")
            .Select(path => int.Parse(Path.GetFileNameWithoutExtension(path)[5..], CultureInfo.InvariantCulture)).OrderDescending(),
    ];

    /// <summary>Whether there is more than a lock.</summary>
    public static bool HoldsRun(string folder)
    {
        string state = Path.Combine(folder, "training");
        return Directory.Exists(state) && Directory.EnumerateFileSystemEntries(state).Any(entry => Path.GetFileName(entry) != "lock");
    }

    public static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));

    /// <summary>Waits until a run has made so many steps, or has ended.</summary>
    public static void WaitForSteps(HeedProcess heed, string folder, int steps)
    {
        DateTime deadline = DateTime.UtcNow.AddMinutes(2);
        while (StepsIn(folder) < steps && !heed.HasExited)
        {
            DateTime.UtcNow.ShouldBeLessThan(deadline, "the run should have come further");
            Thread.Sleep(5);
        }
    }
}
