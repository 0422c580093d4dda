using System.Text.Json;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Tests;

public sealed class EvalTests
{
    [Fact]
    public void Eval_WithoutOverlap_IsTheLibrarysOwnFigure()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        TinyTraining.Train(text, model, "--steps", "20", "--validation", "0").ExitCode.ShouldBe(0);

        using JsonDocument json = JsonDocument.Parse(HeedProcess.Run("eval", text, "-m", model, "--json").Out);

        using Checkpoint checkpoint = Checkpoint.Open(model);
        TokenMemory corpus = TokenMemory.FromSource(new TextSource(text), Tokenizer.Load(model));
        WindowBatches windows = new(TextDataset.Split(corpus, 0).Train, 4, checkpoint.Config.MaxSeqLen, shuffleSeed: null);
        EvaluationResult expected = Evaluation.Measure(new Transformer(checkpoint.Config, checkpoint.Weights()), windows, 1 + ((windows.RowsPerEpoch - 1) / 4));
        json.RootElement.GetProperty("targets").GetInt64().ShouldBe(expected.Targets);
        json.RootElement.GetProperty("nats_per_token").GetDouble().ShouldBe(expected.Loss, 1e-5);
        json.RootElement.GetProperty("perplexity").GetDouble().ShouldBe(expected.Perplexity, 1e-4);
        json.RootElement.GetProperty("bits_per_byte").GetDouble().ShouldBe(expected.BitsPerByte(new FileInfo(text).Length), 1e-5);
    }

    [Fact]
    public void Eval_SmallerStride_PredictsTheSameTokensWithMoreContext()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model");
        TinyTraining.Train(text, model, "--steps", "150", "--validation", "0", "--lr", "0.01").ExitCode.ShouldBe(0);

        using JsonDocument plain = JsonDocument.Parse(HeedProcess.Run("eval", text, "-m", model, "--json").Out);
        using JsonDocument dense = JsonDocument.Parse(HeedProcess.Run("eval", text, "-m", model, "--json", "--stride", "2").Out);

        dense.RootElement.GetProperty("targets").GetInt64().ShouldBe(plain.RootElement.GetProperty("targets").GetInt64());
        dense.RootElement.GetProperty("windows").GetInt64().ShouldBeGreaterThan(7 * plain.RootElement.GetProperty("windows").GetInt64());
        dense.RootElement.GetProperty("perplexity").GetDouble().ShouldBeLessThan(plain.RootElement.GetProperty("perplexity").GetDouble());
        HeedProcess.Run("eval", text, "-m", model, "--stride", "17").Err.ShouldContain("more than the context of 16");
    }
}
