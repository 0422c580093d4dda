using System.Text.Json;
using Heed.Cli.Learning;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
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
        // One document: read after what ends texts, since characters have no BOS; its own end does not count.
        Tokenizer tokenizer = Tokenizer.Load(model);
        TokenMemory corpus = new([tokenizer.EosId!.Value, .. tokenizer.Encode(File.ReadAllText(text))], null, tokenizer.VocabSize);
        WindowBatches windows = new(TextDataset.Split(corpus, 0).Train, 4, checkpoint.Config.MaxSeqLen, shuffleSeed: null);
        EvaluationResult expected = Evaluation.Measure(new Transformer(checkpoint.Config, checkpoint.Weights()), windows, 1 + ((windows.RowsPerEpoch - 1) / 4));
        json.RootElement.GetProperty("targets").GetInt64().ShouldBe(expected.Targets);
        json.RootElement.GetProperty("nats_per_token").GetDouble().ShouldBe(expected.Loss, 1e-5);
        json.RootElement.GetProperty("perplexity").GetDouble().ShouldBe(expected.Perplexity, 1e-4);
        json.RootElement.GetProperty("bits_per_byte").GetDouble().ShouldBe(expected.BitsPerByte(new FileInfo(text).Length), 1e-5);
    }

    [Fact]
    public void Measure_DocumentsWithAnEnd_CountTheirTextAloneFromTheFirstTokenOn()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("aäbc", new CharacterTokenizerOptions { SpecialTokens = ["<end>"], Eos = "<end>" });
        TokenMemory corpus = TokenMemory.FromText("äab", tokenizer);
        corpus.TokenCount.ShouldBe(4, "the end is a token of the corpus");
        Transformer model = Model(tokenizer.VocabSize);

        SlidingLoss result = SlidingLoss.Measure(model, corpus, tokenizer, 8, 8, null, default);

        // ln p(ä | end) + ln p(a | end ä) + ln p(b | end ä a), from the model's own logits; ä has two bytes.
        int[] context = [tokenizer.EosId!.Value, .. tokenizer.Encode("äa")], targets = tokenizer.Encode("äab");
        double nats = Nats(model, context, targets);
        result.Result.Targets.ShouldBe(3);
        result.Bytes.ShouldBe(4);
        result.Result.Loss.ShouldBe(nats / 3, 1e-5);
        result.BitsPerByte.ShouldBe(nats / Math.Log(2) / 4, 1e-5);
        SlidingLoss.Measure(model, corpus, tokenizer, 2, 1, null, default).Result.Targets.ShouldBe(3);
    }

    [Fact]
    public void Measure_NothingToReadADocumentAfter_LeavesTheFirstTokensBytesOut()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("aäbc");
        (tokenizer.BosId, tokenizer.EosId).ShouldBe((null, null));
        Transformer model = Model(tokenizer.VocabSize);

        SlidingLoss result = SlidingLoss.Measure(model, TokenMemory.FromText("äab", tokenizer), tokenizer, 8, 8, null, default);

        result.Result.Targets.ShouldBe(2);
        result.Bytes.ShouldBe(2);
        result.BitsPerByte.ShouldBe(Nats(model, tokenizer.Encode("äa"), tokenizer.Encode("ab")) / Math.Log(2) / 2, 1e-5);
    }

    [Fact]
    public void Eval_CharactersThatTheModelDoesNotKnow_AreCounted()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), model = folder.File("model"), other = folder.File("other.txt");
        TinyTraining.Train(text, model, "--steps", "1", "--validation", "0").ExitCode.ShouldBe(0);
        File.WriteAllText(other, "The fox Ж found Ω.");

        HeedProcess.Run("eval", other, "-m", model).Out.ShouldContain("unknown          2 tokens stand for text");
        HeedProcess.Run("eval", text, "-m", model).Out.ShouldNotContain("unknown");
        HeedProcess.Run("complete", "The Ж", "-m", model, "-n", "2").Err.ShouldContain("cannot spell all of the prompt: 1 token stands");
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

    /// <summary>A model whose predictions are far from even.</summary>
    private static Transformer Model(int vocabulary)
    {
        ModelConfig config = new() { HiddenSize = 16, NumLayers = 1, NumHeads = 2, IntermediateSize = 16, VocabSize = vocabulary, MaxSeqLen = 8 };
        Transformer model = new(config, new RandomWeights(3, 1));
        foreach (Parameter parameter in model.Parameters) parameter.Value.Assign(parameter.Value * 20);
        return model;
    }

    private static double Nats(Transformer model, int[] context, int[] targets)
    {
        float[] logits = model.Forward(context, rows: LogitRows.All).ToArray();
        return targets.Select((target, i) =>
        {
            double[] row = [.. logits.Skip(i * model.Config.VocabSize).Take(model.Config.VocabSize).Select(value => (double)value)];
            return Math.Log(row.Sum(Math.Exp)) - row[target];
        }).Sum();
    }
}
