using System.Text.Json;
using Heed.Models;
using Heed.Models.Checkpoints;

namespace Heed.Cli.Tests;

/// <summary>Models that no Hugging Face family describes, through every command.</summary>
public sealed class OwnFormatTests
{
    private const string Own = "the folder will be in Heed's own format, which heed reads and others do not: ";
    private static readonly string[] s_post = ["--set", "NormPlacement=Post", "--set", "Positions=Sinusoidal"];

    [Fact]
    public void Train_PostNormAndSinusoidal_ThenEveryCommandTakesIt()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), tokenizer = folder.File("tokenizer"), model = folder.File("model"), tuned = folder.File("tuned"), on = folder.File("on");
        string[] quick = ["--seq", "48", "--batch", "2", "--peak-gflops", "0", "--sample-every", "0", "--steps", "3"];
        HeedProcess.Run("tokenizer", "train", text, "--out", tokenizer, "--vocab", "300").ExitCode.ShouldBe(0);

        HeedResult train = HeedProcess.Run(["train", text, "--out", model, "--tokenizer", tokenizer, "--set", "HiddenSize=16", "--set", "NumLayers=2", "--generation", "top_p=0.5", .. s_post, .. quick]);

        train.ExitCode.ShouldBe(0, train.Err);
        Count(train.Err, Own + "no Hugging Face family has Rms norms, Sinusoidal positions and gated feed-forward parts together").ShouldBe(1);
        JsonElement config = Config(model);
        config.GetProperty("model_type").GetString().ShouldBe("heed");
        config.GetProperty("norm_placement").GetString().ShouldBe("Post");
        config.GetProperty("eos_token_id").ValueKind.ShouldBeOneOf(JsonValueKind.Number, JsonValueKind.Array);
        HeedProcess.Run("complete", "The fox", "-m", model, "-n", "3", "--seed", "1", "--ignore-end").ExitCode.ShouldBe(0);
        HeedProcess.RunWith("Hello.\n", null, "chat", "-m", model, "-n", "3", "--seed", "1").ExitCode.ShouldBe(0);
        HeedProcess.Run("eval", text, "-m", model).Out.ShouldContain("perplexity");
        string inspected = HeedProcess.Run("inspect", model).Out;
        foreach (string line in new[] { "format +Heed's own", "positions +Sinusoidal", "norm +Rms, epsilon 1E-05, Post", @"blocks\.N\.attention\.qkv\.weight +2 +F32", "chat format +ChatMl" }) inspected.ShouldMatch(line);

        HeedResult tune = HeedProcess.Run(["finetune", model, TinyTraining.WriteDialogs(folder), "--out", tuned, .. quick]);
        tune.ExitCode.ShouldBe(0, tune.Err);
        Count(tune.Err, Own).ShouldBe(1);
        HeedProcess.RunWith("Where?\n", null, "chat", "-m", tuned, "-n", "3", "--seed", "1").ExitCode.ShouldBe(0);
        File.ReadAllBytes(Path.Combine(tuned, "tokenizer.json")).ShouldBe(File.ReadAllBytes(Path.Combine(tokenizer, "tokenizer.json")));
        using (JsonDocument generation = JsonDocument.Parse(File.ReadAllText(Path.Combine(tuned, "generation_config.json"))))
            generation.RootElement.GetProperty("top_p").GetDouble().ShouldBe(0.5);

        HeedResult init = HeedProcess.Run(["train", text, "--init", model, "--out", on, .. quick]);
        init.ExitCode.ShouldBe(0, init.Err);
        Config(on).ToString().ShouldBe(config.ToString());
    }

    [Fact]
    public void Train_LongformerWithSinks_ThenEveryCommandTakesIt()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        string[] settings = ["AttentionPattern=Longformer", "LongformerWindow=6", "GlobalTokens=3", "AttentionSinks=true", "MaxSeqLen=64"];

        HeedResult train = TinyTraining.Train(text, model, [.. settings.SelectMany(setting => new[] { "--set", setting }), "--steps", "4"]);

        train.ExitCode.ShouldBe(0, train.Err);
        train.Err.ShouldContain(Own + "no Hugging Face family");
        JsonElement config = Config(model);
        config.GetProperty("attention_pattern").GetString().ShouldBe("Longformer");
        config.GetProperty("attention_sinks").GetBoolean().ShouldBeTrue();
        HeedProcess.Run("complete", "The fox", "-m", model, "-n", "3", "--seed", "1", "--ignore-end").ExitCode.ShouldBe(0);
        HeedProcess.Run("eval", text, "-m", model).Out.ShouldContain("perplexity");
        string inspected = HeedProcess.Run("inspect", model).Out;
        foreach (string line in new[] { "pattern +Longformer: 6 tokens before, 3 global with projections of their own", "sinks +a learned one", @"blocks\.N\.attention\.global_key_value\.weight", @"blocks\.N\.attention\.sinks" }) inspected.ShouldMatch(line);
        HeedProcess.Run("inspect", model, "--json").Out.ShouldContain("\"attention_pattern\": \"Longformer\"");
        HeedProcess.Run("inspect", "attention", model, "The fox", "--json").ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Train_BatchNorm_ResumesAndStoresWhatItLearned()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), whole = folder.File("whole"), torn = folder.File("torn");
        string[] options = ["--set", "Norm=Batch", "--set", "Activation=Swish", "--set", "SwishBeta=1.5", "--set", "MaxSeqLen=64", "--steps", "6", "--checkpoint-every", "3", "--validation", "0", "--bf16"];
        TinyTraining.Train(text, whole, options).ExitCode.ShouldBe(0);
        TinyTraining.Train(text, torn, options).ExitCode.ShouldBe(0);
        File.Delete(Path.Combine(torn, "training", "step-00000006.safetensors"));
        File.Delete(Path.Combine(torn, "model.safetensors"));

        HeedResult resumed = TinyTraining.Train(text, torn, [.. options, "--resume"]);

        resumed.ExitCode.ShouldBe(0, resumed.Err);
        resumed.Err.ShouldContain("going on after step 3");
        TinyTraining.Weights(torn).ShouldBe(TinyTraining.Weights(whole));
        using Checkpoint checkpoint = Checkpoint.Open(torn);
        (checkpoint.Config.Norm, checkpoint.Config.SwishBeta).ShouldBe((NormKind.Batch, 1.5f));
        new Transformer(checkpoint.Config, checkpoint.Weights()).Buffers.ShouldContain(buffer => buffer.Value.ToArray().Any(value => value != 0 && value != 1));
        HeedResult adapters = HeedProcess.Run("finetune", torn, TinyTraining.WriteDialogs(folder), "--out", folder.File("x"), "--lora");
        adapters.ExitCode.ShouldBe(1);
        adapters.Err.ShouldContain("running statistics");
    }

    [Fact]
    public void Finetune_LoraAndRegroup_WriteTheOwnFormat()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model"), adapter = folder.File("adapter"), merged = folder.File("merged"), grouped = folder.File("grouped");
        TinyTraining.Train(text, model, ["--set", "NumKvHeads=2", "--set", "Positions=None", "--set", "MaxSeqLen=64", "--steps", "2"]).ExitCode.ShouldBe(0);

        HeedResult lora = HeedProcess.Run("finetune", model, TinyTraining.WriteDialogs(folder), "--out", adapter, "--lora", "--merge", merged, "--steps", "2", "--seq", "64", "--lr", "0.1", "--peak-gflops", "0", "--sample-every", "0");
        HeedResult regroup = HeedProcess.Run("regroup", model, "--kv-heads", "1", "--out", grouped);

        lora.ExitCode.ShouldBe(0, lora.Err);
        Count(lora.Err, Own).ShouldBe(1);
        regroup.ExitCode.ShouldBe(0, regroup.Err);
        Count(regroup.Err, Own).ShouldBe(1);
        Config(grouped).GetProperty("num_kv_heads").GetInt32().ShouldBe(1);
        string[] ask = ["complete", "The fox", "-t", "0", "-n", "5", "--ignore-end", "-m"];
        HeedProcess.Run([.. ask, merged]).Out.ShouldBe(HeedProcess.Run([.. ask, model, "--adapter", adapter]).Out);
        HeedProcess.Run([.. ask, grouped]).ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Train_WhatNoFileCanHold_IsRefusedBeforeAnythingIsMade()
    {
        using TempFolder folder = new();

        HeedResult result = TinyTraining.Train(TinyTraining.WriteText(folder), folder.File("model"), "--set", "Norm=Layer", "--set", """RopeScaling={"Kind": "LongRope", "Factor": 2}""");

        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain("RopeScaling's OriginalMaxSeqLen is 0; LongRope needs 1 or more");
        Directory.Exists(folder.File("model")).ShouldBeFalse();
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static JsonElement Config(string folder)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        return json.RootElement.Clone();
    }
}
