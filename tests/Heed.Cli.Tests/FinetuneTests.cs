using System.Text.Json;
using Heed.Inference;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class FinetuneTests
{
    private static readonly string[] s_quick = ["--seq", "48", "--batch", "2", "--peak-gflops", "0", "--lr", "0.01", "--sample-every", "0", "--validation", "0", "--warmup", "2"];

    [Fact]
    public void F1_Finetune_Dialogs_TeachesTheAnswersInChatMl()
    {
        using TempFolder folder = new();
        string model = Base(folder), tuned = folder.File("tuned");

        HeedResult result = HeedProcess.Run(["finetune", model, TinyTraining.WriteDialogs(folder), "--out", tuned, "--epochs", "60", .. s_quick]);

        result.ExitCode.ShouldBe(0, result.Err);
        result.Err.ShouldContain("dialogs: 5 with ");
        Losses(tuned)[^1].ShouldBeLessThan(0.2 * Losses(tuned)[0]);
        HeedProcess.RunWith("What did you find?\nWhere?\n", null, "chat", "-m", tuned, "-t", "0").Out.ShouldStartWith("A kite.\n");
    }

    [Fact]
    public void Finetune_Lora_WritesAdaptersThatMergeIntoTheSameModel()
    {
        using TempFolder folder = new();
        string model = Base(folder), adapter = folder.File("adapter"), merged = folder.File("merged"), again = folder.File("again");
        byte[] before = TinyTraining.Weights(model);

        HeedResult result = HeedProcess.Run(["finetune", model, TinyTraining.WriteDialogs(folder), "--out", adapter, "--lora", "--rank", "4", "--targets", "q_proj,v_proj,down_proj",
            "--merge", merged, "--epochs", "40", .. s_quick]);

        result.ExitCode.ShouldBe(0, result.Err);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(adapter, "adapter_config.json")));
        config.RootElement.GetProperty("r").GetInt32().ShouldBe(4);
        Losses(adapter)[^1].ShouldBeLessThan(0.9 * Losses(adapter)[0]);
        TinyTraining.Weights(model).ShouldBe(before);
        HeedProcess.Run("merge", model, adapter, "--out", again).ExitCode.ShouldBe(0);
        TinyTraining.Weights(again).ShouldBe(TinyTraining.Weights(merged));
        string[] ask = ["complete", "The fox", "-t", "0", "-n", "8", "--ignore-end", "-m"];
        HeedProcess.Run([.. ask, model, "--adapter", adapter]).Out.ShouldBe(HeedProcess.Run([.. ask, merged]).Out);
    }

    [Fact]
    public void Finetune_ResumeWithOtherDialogsOrAdapters_IsRefused()
    {
        using TempFolder folder = new();
        string model = Base(folder), dialogs = TinyTraining.WriteDialogs(folder), adapter = folder.File("adapter");
        string[] Line(string alpha) => ["finetune", model, dialogs, "--out", adapter, "--lora", "--rank", "4", "--alpha", alpha, "--steps", "2", .. s_quick];
        HeedProcess.Run(Line("16")).ExitCode.ShouldBe(0);

        HeedProcess.Run([.. Line("8"), "--resume"]).Err.ShouldContain("Lora was rank 4, alpha 16, ");
        File.WriteAllText(dialogs, File.ReadAllText(dialogs).Replace("kite", "song", StringComparison.Ordinal));
        HeedResult other = HeedProcess.Run([.. Line("16"), "--resume"]);

        other.ExitCode.ShouldBe(1);
        other.Err.ShouldContain("Data was ");
        HeedProcess.Run([.. Line("16"), "--resume", "--accept-changes"]).ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Finetune_WhatCannotBe_IsRefused()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model"), dialogs = TinyTraining.WriteDialogs(folder), wrong = folder.File("wrong.jsonl");
        TinyTraining.Train(text, model, "--steps", "1").ExitCode.ShouldBe(0);
        File.WriteAllText(wrong, "{\"prompt\":\"a\",\"response\":\"b\"}\n{\"prompt\":\"a\"}\n");

        HeedProcess.Run("finetune", model, folder.File("absent"), "--out", folder.File("x")).Err.ShouldContain("there is no such file");
        HeedProcess.Run("finetune", model, wrong, "--out", folder.File("x")).Err.ShouldContain("line 2");
        HeedProcess.Run("finetune", model, dialogs, "--out", folder.File("x"), "--rank", "4").Err.ShouldContain("--rank needs --lora");
        HeedProcess.Run("finetune", model, dialogs, "--out", folder.File("x"), "--lora", "--targets", "wq").Err.ShouldContain("Targets has 'wq'");
        HeedProcess.Run("finetune", model, dialogs, "--out", model).Err.ShouldContain("holds a run already");
        Directory.Exists(folder.File("x")).ShouldBeFalse();
    }

    [Fact]
    public void Regroup_FewerHeads_CanBeTrainedOn()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model"), grouped = folder.File("grouped");
        TinyTraining.Train(text, model, "--steps", "2", "--set", "NumKvHeads=2").ExitCode.ShouldBe(0);

        HeedProcess.Run("regroup", model, "--kv-heads", "1", "--out", grouped).ExitCode.ShouldBe(0);

        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(grouped, "config.json")));
        config.RootElement.GetProperty("num_key_value_heads").GetInt32().ShouldBe(1);
        HeedProcess.Run("train", text, "--init", grouped, "--out", folder.File("on"), "--steps", "2", "--batch", "2", "--peak-gflops", "0").ExitCode.ShouldBe(0);
        HeedProcess.Run("regroup", model, "--kv-heads", "3", "--out", folder.File("three")).Err.ShouldContain("expected a divisor");
        HeedProcess.Run("regroup", model, "--kv-heads", "1", "--out", model + "/", "--force").Err.ShouldContain("this is the model itself");
        HeedProcess.Run("regroup", model, "--kv-heads", "1", "--out", text).Err.ShouldContain("this is a file");
    }

    [Fact]
    public void Finetune_Generation_IsRecommendedByTheModelAndThoseMadeOfIt()
    {
        using TempFolder folder = new();
        string model = Base(folder), dialogs = TinyTraining.WriteDialogs(folder), first = folder.File("first"), second = folder.File("second");
        string[] Line(string from, string to, params string[] more) => ["finetune", from, dialogs, "--out", to, "--steps", "1", .. s_quick, .. more];

        HeedProcess.Run(Line(model, first, "--generation", "temperature=0.25", "--generation", "top_p=0.9")).ExitCode.ShouldBe(0);
        HeedProcess.Run(Line(first, second, "--generation", "top_p=0.5")).ExitCode.ShouldBe(0);

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(second, "generation_config.json")));
        json.RootElement.GetProperty("temperature").GetDouble().ShouldBe(0.25);
        json.RootElement.GetProperty("top_p").GetDouble().ShouldBe(0.5);
        json.RootElement.TryGetProperty("top_k", out _).ShouldBeFalse();
        using (LanguageModel loaded = LanguageModel.Load(second)) (loaded.DefaultOptions.Temperature, loaded.DefaultOptions.TopP).ShouldBe((0.25f, 0.5f));
        HeedProcess.Run(Line(model, folder.File("x"), "--generation", "heat=1")).Err.ShouldContain("--generation: got 'heat=1'; expected NAME=VALUE with one of temperature");
        HeedProcess.Run(Line(model, folder.File("x"), "--generation", "top_p=2")).Err.ShouldContain("top_p is '2'; expected a number above 0, at most 1");
    }

    [DataFact("weights/stories260K/stories260K_q80_v2.bin")]
    public void Finetune_QuantizedBase_LearnsAdaptersBesideIt()
    {
        using TempFolder folder = new();
        string model = TestData.Get("weights/stories260K/stories260K_q80_v2.bin"), tokenizer = TestData.Get("weights/stories260K/tok512.model"), adapter = folder.File("adapter");

        HeedResult result = HeedProcess.Run(["finetune", model, TinyTraining.WriteDialogs(folder), "--tokenizer", tokenizer, "--out", adapter, "--lora", "--quantized-base", "--epochs", "20", .. s_quick]);

        result.ExitCode.ShouldBe(0, result.Err);
        result.Err.ShouldContain("parameters to learn beside");
        Losses(adapter)[^1].ShouldBeLessThan(0.7 * Losses(adapter)[0]);
        HeedProcess.RunWith("Where?\n", null, "chat", "-m", model, "--tokenizer", tokenizer, "--adapter", adapter, "-n", "5", "--seed", "1").ExitCode.ShouldBe(0);
    }

    // A vocabulary with ChatML's markers, and a model that has seen next to nothing.
    private static string Base(TempFolder folder)
    {
        string text = TinyTraining.WriteText(folder), tokenizer = folder.File("tokenizer"), model = folder.File("base");
        HeedProcess.Run("tokenizer", "train", text, "--out", tokenizer, "--vocab", "300").ExitCode.ShouldBe(0);
        HeedProcess.Run("train", text, "--out", model, "--tokenizer", tokenizer, "--documents", "blank-line", "--steps", "5", "--seq", "64", "--batch", "4", "--peak-gflops", "0",
            "--set", "HiddenSize=48", "--set", "NumLayers=2", "--sample-every", "0").ExitCode.ShouldBe(0);
        return model;
    }

    private static double[] Losses(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, "training", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
}
