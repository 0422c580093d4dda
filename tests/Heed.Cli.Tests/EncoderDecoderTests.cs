using System.Text.Json;

namespace Heed.Cli.Tests;

/// <summary>Models of two halves, from a file of pairs or from plain text, through every command.</summary>
public sealed class EncoderDecoderTests
{
    private static readonly string[] s_small = ["--set", "HiddenSize=16", "--set", "NumLayers=1", "--set", "NumHeads=2", "--set", "NumKvHeads=1", "--set", "IntermediateSize=32", "--seq", "24", "--batch", "4"];

    [Fact]
    public void TrainPairs_ThenEveryCommand_TakesItOrSaysWhyNot()
    {
        using TempFolder folder = new();
        string pairs = WritePairs(folder), model = folder.File("model"), on = folder.File("on");

        HeedResult result = HeedProcess.Run(["train", pairs, "--out", model, "--objective", "pairs", "--set", "Encoder.NumLayers=2", .. s_small, "--steps", "12", "--sample-every", "6"]);

        result.ExitCode.ShouldBe(0, result.Err);
        result.Err.ShouldContain("2 layers that read, 1 that write, 16 wide");
        result.Err.ShouldMatch(@"pairs: 54 with [\d,]+ tokens to read and [\d,]+ to write, 6 held out\.");
        result.Err.ShouldMatch("sample: fox 0 → ");
        result.Out.ShouldMatch(@"\Avalidation loss \d\.\d{4}, perplexity \d+\.\d\d, over [\d,]+ tokens\n");
        result.Out.ShouldContain("try it  heed complete 'fox 0' -m ");

        HeedResult complete = HeedProcess.Run("complete", "fox 3", "-m", model, "--json", "-t", "0", "-n", "4", "--stats");
        complete.ExitCode.ShouldBe(0, complete.Err);
        JsonElement usage = JsonDocument.Parse(complete.Out.Trim().Split('\n')[^1]).RootElement.GetProperty("usage");
        usage.GetProperty("prompt_tokens").GetInt32().ShouldBe(6, "the source and its end");
        HeedProcess.Run("complete", new string('f', 30), "-m", model).Err.ShouldContain("the prompt has 31 tokens and the context holds 24");

        HeedResult eval = HeedProcess.Run("eval", pairs, "-m", model);
        eval.ExitCode.ShouldBe(0, eval.Err);
        eval.Out.ShouldMatch(@"\Aperplexity +\d+\.\d{4}\nnats per token +\d\.\d{5}\ntokens +[\d,]+ read, [\d,]+ written\npairs +60\n\z");

        HeedResult inspect = HeedProcess.Run("inspect", model);
        inspect.Out.ShouldContain("2 of the encoder, 1 of the decoder");
        inspect.Out.ShouldContain("encoder.blocks.N.attention.qkv.weight");
        inspect.Out.ShouldContain("blocks.N.cross.key_value.weight");
        JsonElement config = JsonDocument.Parse(HeedProcess.Run("inspect", model, "--json").Out).RootElement.GetProperty("config");
        config.GetProperty("layers").GetInt32().ShouldBe(1);
        config.GetProperty("encoder").GetProperty("layers").GetInt32().ShouldBe(2);
        config.GetProperty("encoder").GetProperty("bidirectional").GetBoolean().ShouldBeTrue();

        HeedResult again = HeedProcess.Run("train", pairs, "--out", on, "--init", model, "--steps", "2", "--batch", "4", "--sample-every", "0");
        again.ExitCode.ShouldBe(0, again.Err);
        again.Err.ShouldContain("the decoder is to write each pair's target");

        Refused("chat: the model has an encoder", "chat", "-m", model);
        Refused("--objective pairs --init", "finetune", model, TinyTraining.WriteDialogs(folder), "--out", folder.File("tuned"));
        Refused("heed complete takes the source as its prompt", "fill", "a <mask>", "-m", model);
        Refused("Encoder is set", "regroup", model, "--kv-heads", "1", "--out", folder.File("grouped"));
        Refused("has an encoder", "inspect", "attention", model, "fox", "--output", folder.File("page.html"));
        Refused("--objective causal: the model has an encoder", "train", pairs, "--out", folder.File("causal"), "--init", model, "--objective", "causal");
    }

    [Fact]
    public void TrainSpans_CharactersAndBpe_WritesWhatWasTakenOut()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model"), bpe = folder.File("bpe"), with = folder.File("with"), without = folder.File("without");
        string[] quick = ["--objective", "spans", .. s_small, "--steps", "8", "--validation-batches", "2"];

        HeedResult result = HeedProcess.Run(["train", text, "--out", model, .. quick, "--documents", "blank-line", "--span-length", "4", "--set", "Encoder.Window=6", "--sample-every", "4"]);
        result.ExitCode.ShouldBe(0, result.Err);
        result.Err.ShouldContain("15 % of the tokens are taken out in spans of 4");
        result.Err.ShouldContain("<extra_id_0>");
        result.Out.ShouldMatch(@"try it  heed complete '.*<extra_id_0>.*' -m ");
        HeedResult complete = HeedProcess.Run("complete", "The <extra_id_0> found", "-m", model, "-n", "3");
        complete.ExitCode.ShouldBe(0, complete.Err);
        complete.Err.ShouldNotContain("cannot spell");
        HeedResult eval = HeedProcess.Run("eval", text, "-m", model, "--mask-share", "0.3");
        eval.ExitCode.ShouldBe(0, eval.Err);
        eval.Out.ShouldContain("written for what was taken out");

        HeedProcess.Run("tokenizer", "train", text, "--vocab", "300", "--out", without).ExitCode.ShouldBe(0);
        HeedProcess.Run("tokenizer", "train", text, "--vocab", "320", "--sentinels", "20", "--out", with).ExitCode.ShouldBe(0);
        Refused("heed tokenizer train TEXT --sentinels 100", ["train", text, "--out", bpe, "--tokenizer", without, .. quick]);
        Path.Exists(bpe).ShouldBeFalse();
        HeedResult trained = HeedProcess.Run(["train", text, "--out", bpe, "--tokenizer", with, .. quick, "--sample-every", "0"]);
        trained.ExitCode.ShouldBe(0, trained.Err);
        HeedProcess.Run("complete", "The fox <extra_id_0> a kite", "-m", bpe, "-n", "3").ExitCode.ShouldBe(0);
    }

    [Theory, InlineData("pairs"), InlineData("spans")]
    public void Train_StoppedAndResumed_HasTheBytesOfOneRun(string objective)
    {
        using TempFolder folder = new();
        string data = objective == "pairs" ? WritePairs(folder) : TinyTraining.WriteText(folder), through = folder.File("through"), stopped = folder.File("stopped");
        string[] line = ["--objective", objective, .. s_small, "--schedule", "constant", "--warmup", "2", "--dropout", "0.1", "--sample-every", "0"];
        HeedResult all = HeedProcess.Run(["train", data, "--out", through, .. line, "--steps", "8"]);
        all.ExitCode.ShouldBe(0, all.Err);
        HeedProcess.Run(["train", data, "--out", stopped, .. line, "--steps", "4", "--threads", "1"]).ExitCode.ShouldBe(0);
        HeedProcess.Run(["train", data, "--out", stopped, .. line, "--steps", "8", "--resume", "--accept-changes"]).ExitCode.ShouldBe(0);
        TinyTraining.Weights(stopped).SequenceEqual(TinyTraining.Weights(through)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("expected 'source' and 'target'", 1, "--objective", "pairs")]
    [InlineData("--span-length goes with --objective spans only", 2, "--objective", "masked", "--span-length", "2")]
    [InlineData("--span-length is '0'", 2, "--objective", "spans", "--span-length", "0")]
    [InlineData("the model sees both ways", 1, "--objective", "spans", "--set", "Bidirectional=true")]
    [InlineData("there is no setting 'Layers'", 2, "--objective", "spans", "--set", "Encoder.Layers=2")]
    [InlineData("the Encoder has HiddenSize 64; expected 16", 1, "--objective", "spans", "--set", "Encoder.HiddenSize=64")]
    [InlineData("the model has an encoder, which reads a source", 1, "--objective", "masked", "--set", "Encoder.NumLayers=2")]
    [InlineData("Mixer is Mamba", 1, "--objective", "spans", "--set", "Encoder={\"Mixer\": \"Mamba\", \"Positions\": \"None\"}")]
    public void Train_WhatDoesNotFit_SaysWhy(string expected, int exitCode, params string[] options)
    {
        using TempFolder folder = new();
        string file = folder.File("text.jsonl");
        File.WriteAllText(file, "{\"text\": \"The fox found a kite by the river and was glad.\"}\n");
        HeedResult result = TinyTraining.Train(file, folder.File("model"), [.. options, "--steps", "1"]);
        result.Err.ShouldContain(expected);
        result.ExitCode.ShouldBe(exitCode);
    }

    private static void Refused(string expected, params string[] line)
    {
        HeedResult result = HeedProcess.Run(line);
        result.Err.ShouldContain(expected);
        result.ExitCode.ShouldBe(1);
    }

    private static string WritePairs(TempFolder folder)
    {
        string path = folder.File("pairs.jsonl");
        string[] who = ["fox", "bear", "bird"], whose = ["xof", "raeb", "drib"];
        File.WriteAllLines(path, Enumerable.Range(0, 60).Select(i => JsonSerializer.Serialize(new { source = $"{who[i % 3]} {i}", target = $"{whose[i % 3]} {i}" })));
        return path;
    }
}
