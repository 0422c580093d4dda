using System.Text.Json;
using Heed.Cli.Learning;

namespace Heed.Cli.Tests;

public sealed class TrainTests
{
    [Fact]
    public void Train_CharacterModel_LearnsAndCompletes()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");

        HeedResult result = HeedProcess.Run("train", text, "--out", model, "--steps", "30", "--seq", "32", "--batch", "8", "--set", "NumLayers=2", "--set", "HiddenSize=64",
            "--sample-every", "15", "--prompt", "The fox", "--sample-tokens", "10");

        result.ExitCode.ShouldBe(0);
        result.Out.ShouldMatch(@"\Avalidation loss \d\.\d{4}, perplexity \d+\.\d\d, over [\d,]+ tokens\n");
        result.Out.ShouldContain($"try it  heed complete 'The fox' -m {model}");
        foreach (string part in new[] { "parameters; 2 layers, 64 wide", "30 steps of 8 rows of 32 tokens: 7,680 tokens", "GFLOP/s", "it will take about", "mfu", "sample: The fox" }) result.Err.ShouldContain(part);
        double[] losses = [.. File.ReadLines(Path.Combine(model, "training", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
        losses.Length.ShouldBe(30);
        losses[^1].ShouldBeLessThan(0.8 * losses[0]);
        File.Exists(Path.Combine(model, "report.html")).ShouldBeTrue();
        HeedResult complete = HeedProcess.Run("complete", "The ", "-m", model, "-n", "20", "-t", "0");
        complete.ExitCode.ShouldBe(0);
        complete.Out.Length.ShouldBeInRange(1, 20);
    }

    [Fact]
    public void Train_Piped_WritesOneLineForEachValidation()
    {
        using TempFolder folder = new();

        HeedResult result = TinyTraining.Train(TinyTraining.WriteText(folder), folder.File("model"), "--steps", "40", "--validate-every", "10");

        string[] steps = [.. result.Err.Split('\n').Where(line => line.StartsWith("step ", StringComparison.Ordinal))];
        steps.Length.ShouldBe(5, result.Err);
        steps[0].ShouldMatch(@"^step 1/40  loss \d\.\d{4}  lr \S+  norm \d+\.\d\d  [\d,]+ tok/s  .* left\r?$");
        steps[1..].ShouldAllBe(line => line.Contains("validation "));
    }

    [Fact]
    public void Train_SameSeedOtherThreads_SameBytes()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder);

        TinyTraining.Train(text, folder.File("a"), "--steps", "6", "--validation", "0").ExitCode.ShouldBe(0);
        TinyTraining.Train(text, folder.File("b"), "--steps", "6", "--validation", "0", "--threads", "1").ExitCode.ShouldBe(0);
        TinyTraining.Train(text, folder.File("c"), "--steps", "6", "--validation", "0", "--seed", "2").ExitCode.ShouldBe(0);

        TinyTraining.Weights(folder.File("b")).ShouldBe(TinyTraining.Weights(folder.File("a")));
        TinyTraining.Weights(folder.File("c")).ShouldNotBe(TinyTraining.Weights(folder.File("a")));
    }

    [Theory]
    [InlineData("--pack")]
    [InlineData("--random")]
    [InlineData("--windows", "--bf16", "--recompute", "--accumulate", "2", "--dropout", "0.1", "--schedule", "linear")]
    [InlineData("--preset", "gpt2-nano", "--set", "NumKvHeads=null")]
    public void Train_EveryWay_Trains(params string[] options)
    {
        using TempFolder folder = new();

        HeedResult result = TinyTraining.Train(TinyTraining.WriteText(folder), folder.File("model"), ["--steps", "3", "--documents", "blank-line", .. options]);

        result.ExitCode.ShouldBe(0, result.Err);
        HeedProcess.Run("complete", "The", "-m", folder.File("model"), "-n", "3", "--seed", "1").ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Train_ConfigFileAndInit_AreTaken()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), config = folder.File("config.json");
        File.WriteAllText(config, """{ "num_layers": 3, "HiddenSize": 16, "NumHeads": 2, "NumKvHeads": 2, "RopeScaling": { "Kind": "Linear", "Factor": 2 } }""");
        string[] quick = ["--steps", "2", "--seq", "16", "--batch", "2", "--peak-gflops", "0", "--sample-every", "0"];

        HeedProcess.Run(["train", text, "--out", folder.File("a"), "--config", config, .. quick]).ExitCode.ShouldBe(0);
        HeedResult on = HeedProcess.Run(["train", text, "--out", folder.File("b"), "--init", folder.File("a"), .. quick]);

        on.ExitCode.ShouldBe(0, on.Err);
        on.Err.ShouldContain("3 layers, 16 wide");
        File.ReadAllText(folder.File("b/config.json")).ShouldBe(File.ReadAllText(folder.File("a/config.json")));
        File.ReadAllText(folder.File("b/config.json")).ShouldMatch("\"rope_type\": \"linear\"");
    }

    [Fact]
    public void Train_WhatCannotBe_IsOneLineBeforeAnythingIsMade()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), empty = folder.File("empty.txt"), model = folder.File("model"), file = folder.File("file");
        File.WriteAllText(empty, "");
        File.WriteAllText(file, "");
        File.WriteAllText(folder.File("bad.json"), """{ "Layers": 3 }""");

        Refused("neither a file nor a folder is there", "train", folder.File("absent.txt"), "--out", model);
        Refused("there is no text in it", "train", empty, "--out", model);
        Refused("there is no setting 'Layers'", "train", text, "--out", model, "--set", "Layers=3");
        Refused("NumLayers is 'many'; expected a whole number", "train", text, "--out", model, "--set", "NumLayers=many");
        Refused("Activation is 'Tanh'; expected one of Silu", "train", text, "--out", model, "--set", "Activation=Tanh");
        Refused("there is no setting 'Layers'", "train", text, "--out", model, "--config", folder.File("bad.json"));
        Refused("not divisible by NumHeads", "train", text, "--out", model, "--set", "NumHeads=3");
        Refused("--resume: ", "train", text, "--out", model, "--resume");
        Refused("this is a file", "train", text, "--out", file);
        Refused("expected one of nano", "train", text, "--out", model, "--preset", "huge");
        Refused("exclude each other", "train", text, "--out", model, "--pack", "--random");
        Directory.Exists(model).ShouldBeFalse();
    }

    [UnixFact]
    public void Train_UnwritableFolder_IsOneLine()
    {
        using TempFolder folder = new();

        // Not even root may make a folder there.
        HeedResult result = TinyTraining.Train(TinyTraining.WriteText(folder), "/proc/heed-model", "--steps", "2");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldStartWith("heed: error: --out /proc/heed-model: the folder cannot be made.");
        result.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(1);
    }

    [Fact]
    public void RequireShared_FolderOfAnotherMachine_SaysThatItIsNotShared()
    {
        using TempFolder folder = new();
        using RunFolder run = new(folder.File("model"), resumes: false, forces: false);

        Should.Throw<CommandException>(() => run.RequireShared(run.Tokens)).Message.ShouldContain("text.tokens, which the first process has; expected a folder on a disk that all processes share");

        Directory.CreateDirectory(run.State);
        run.RequireShared(run.State);
    }

    private static void Refused(string message, params string[] arguments)
    {
        HeedResult result = HeedProcess.Run(arguments);
        result.ExitCode.ShouldBeOneOf(ExitCodes.Error, ExitCodes.Usage);
        result.Err.ShouldContain(message);
        result.Err.ShouldStartWith("heed: error: ");
        result.Out.ShouldBe("");
    }
}
