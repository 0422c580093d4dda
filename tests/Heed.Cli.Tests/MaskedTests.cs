using System.Text.Json;

namespace Heed.Cli.Tests;

/// <summary>Training with hidden tokens, and what becomes of such a model.</summary>
public sealed class MaskedTests
{
    [Fact]
    public void TrainMasked_Characters_FillsAndDoesNotWrite()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");

        HeedResult result = HeedProcess.Run("train", text, "--out", model, "--objective", "masked", "--steps", "60", "--seq", "32", "--batch", "8", "--set", "NumLayers=2", "--set", "HiddenSize=64",
            "--sample-every", "30", "--peak-gflops", "0");

        result.ExitCode.ShouldBe(0, result.Err);
        result.Out.ShouldMatch(@"\Avalidation loss \d\.\d{4}, perplexity \d+\.\d\d, over [\d,]+ tokens\n");
        result.Out.ShouldMatch(@"try it  heed fill '.*<mask>.*' -m ");
        result.Err.ShouldContain("objective: 15 % of the tokens are to be found");
        result.Err.ShouldMatch("sample: .*<mask>.*: \"..?\" \\d+ %, ");
        double[] losses = [.. File.ReadLines(Path.Combine(model, "training", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
        losses[^5..].Average().ShouldBeLessThan(0.9 * losses[0]);

        HeedResult fill = HeedProcess.Run("fill", "The f<mask>x fo<mask>nd", "-m", model);
        fill.ExitCode.ShouldBe(0, fill.Err);
        fill.Out.ShouldMatch("\\Amask 1\n(0\\.\\d{4}  \".{1,6}\"\n){5}mask 2\n(0\\.\\d{4}  \".{1,6}\"\n){5}\\z");
        using JsonDocument maps = JsonDocument.Parse(HeedProcess.Run("inspect", "attention", model, "The f<mask>x", "--json").Out);
        maps.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("text").GetString()).ShouldContain("<mask>");
        HeedResult json = HeedProcess.Run("fill", "The f<mask>x", "-m", model, "--json", "--top", "3");
        JsonElement mask = JsonDocument.Parse(json.Out).RootElement.GetProperty("masks")[0];
        mask.GetProperty("place").GetInt32().ShouldBe(5);
        mask.GetProperty("candidates").GetArrayLength().ShouldBe(3);

        foreach (string[] line in new string[][] { ["complete", "The"], ["chat"] })
        {
            HeedResult refused = HeedProcess.Run([.. line, "-m", model]);
            refused.ExitCode.ShouldBe(1);
            refused.Err.ShouldContain("both ways");
        }
        HeedResult eval = HeedProcess.Run("eval", text, "-m", model);
        eval.ExitCode.ShouldBe(0, eval.Err);
        eval.Out.ShouldMatch(@"\Aperplexity +\d+\.\d{4}\nnats per token +\d\.\d{5}\ntokens +[\d,]+ read, [\d,]+ of them hidden and found\nrows +\d+\n\z");
        using JsonDocument whole = JsonDocument.Parse(HeedProcess.Run("eval", text, "-m", model, "--json", "--mask-share", "0.5").Out);
        whole.RootElement.GetProperty("objective").GetString().ShouldBe("masked");
        double share = whole.RootElement.GetProperty("targets").GetDouble() / whole.RootElement.GetProperty("tokens").GetDouble();
        share.ShouldBe(0.5, 0.05);
        HeedProcess.Run("eval", text, "-m", model, "--stride", "4").Err.ShouldContain("--stride goes with models that predict the next token only");
        HeedProcess.Run("eval", text, "-m", model, "--span-length", "4").Err.ShouldContain("--span-length goes with --objective spans only");
        HeedProcess.Run("fill", "no gap", "-m", model).Err.ShouldContain("has no <mask>");
        HeedProcess.Run("train", text, "--out", folder.File("on"), "--init", model, "--objective", "causal").Err.ShouldContain("--objective causal: the model sees both ways");
        HeedProcess.Run("finetune", model, TinyTraining.WriteDialogs(folder), "--out", folder.File("tuned")).Err.ShouldContain("both ways");
        HeedProcess.Run("inspect", model).Out.ShouldContain("both ways");
    }

    [Fact]
    public void TrainMasked_Resume_IsExactAndRefusesAnotherShare()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), through = folder.File("through"), stopped = folder.File("stopped");
        string[] masked = ["--objective", "masked", "--schedule", "constant", "--warmup", "2"];
        TinyTraining.Train(text, through, [.. masked, "--steps", "8"]).ExitCode.ShouldBe(0);
        TinyTraining.Train(text, stopped, [.. masked, "--steps", "4", "--threads", "1"]).ExitCode.ShouldBe(0);

        HeedResult other = TinyTraining.Train(text, stopped, [.. masked, "--steps", "4", "--resume", "--mask-share", "0.3"]);
        other.ExitCode.ShouldBe(1);
        other.Err.ShouldContain("masked 0.3");
        TinyTraining.Train(text, stopped, [.. masked, "--steps", "8", "--resume", "--accept-changes"]).ExitCode.ShouldBe(0);
        TinyTraining.Weights(stopped).SequenceEqual(TinyTraining.Weights(through)).ShouldBeTrue();
    }

    [Fact]
    public void TrainMasked_Bpe_NeedsAMaskToken()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), without = folder.File("without"), with = folder.File("with"), model = folder.File("model");
        HeedProcess.Run("tokenizer", "train", text, "--vocab", "300", "--out", without).ExitCode.ShouldBe(0);
        HeedProcess.Run("tokenizer", "train", text, "--vocab", "300", "--special", "<mask>", "--out", with).ExitCode.ShouldBe(0);

        HeedResult none = TinyTraining.Train(text, model, "--objective", "masked", "--tokenizer", without, "--steps", "2");
        none.ExitCode.ShouldBe(1);
        none.Err.ShouldContain("heed tokenizer train TEXT --special \"<mask>\"");
        Path.Exists(model).ShouldBeFalse();

        HeedResult trained = HeedProcess.Run("train", text, "--out", model, "--objective", "masked", "--tokenizer", with, "--steps", "4", "--sample-every", "2", "--prompt", "The fox <mask> a kite",
            "--set", "HiddenSize=16", "--set", "NumLayers=1", "--set", "NumHeads=2", "--set", "NumKvHeads=1", "--seq", "16", "--batch", "4", "--peak-gflops", "0");
        trained.ExitCode.ShouldBe(0, trained.Err);
        trained.Err.ShouldContain("sample: The fox <mask> a kite: ");
        HeedProcess.Run("fill", "The fox <mask> a kite", "-m", model, "--top", "2").Out.Split('\n').Length.ShouldBe(3);
    }

    [Theory]
    [InlineData("--objective is 'other'; expected causal, masked, spans or pairs", 2, "--objective", "other")]
    [InlineData("--mask-share goes with --objective masked and spans only", 2, "--objective", "causal", "--mask-share", "0.2")]
    [InlineData("--mask-share is '2'", 2, "--objective", "masked", "--mask-share", "2")]
    [InlineData("--mask-share goes with --objective masked and spans only", 1, "--mask-share", "0.2")]
    [InlineData("--objective causal: the model sees both ways", 1, "--objective", "causal", "--set", "Bidirectional=true")]
    [InlineData("has no <mask> for the samples", 1, "--objective", "masked", "--prompt", "The fox")]
    public void Train_ObjectiveThatDoesNotFit_SaysWhy(string expected, int exitCode, params string[] options)
    {
        using TempFolder folder = new();
        HeedResult result = TinyTraining.Train(TinyTraining.WriteText(folder), folder.File("model"), [.. options, "--steps", "1"]);
        result.Err.ShouldContain(expected);
        result.ExitCode.ShouldBe(exitCode);
    }

    [Fact]
    public void Fill_ModelThatSeesOneWay_IsRefused()
    {
        HeedResult result = HeedProcess.Run("fill", "Once <mask> a time");
        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain("heed train --objective masked");
    }
}
