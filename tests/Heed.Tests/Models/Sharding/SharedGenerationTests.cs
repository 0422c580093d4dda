using Heed.Distributed;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Models.Sharding;
using Heed.Nn;
using Heed.Tests.Formats;
using Heed.Tokenizers;

namespace Heed.Tests.Models.Sharding;

public sealed class SharedGenerationTests : IDisposable
{
    private static readonly string s_shipped = Path.Combine(TestData.Repository, "models", "heed-stories");
    private static readonly int[] s_tokens = [0, 511, 300, 301, 42, 7, 1999, 100, 64, 64, 3, 900];

    private static readonly ModelConfig s_tiny = new()
    {
        HiddenSize = 64,
        IntermediateSize = 128,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        HeadDim = 32,
        VocabSize = 97,
        MaxSeqLen = 64,
    };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory, InlineData(2, WeightForm.Fast), InlineData(4, WeightForm.Fast), InlineData(4, WeightForm.Dense), InlineData(8, WeightForm.Dense)]
    public void Forward_OfTheShippedModel_IsThatOfOneRank(int size, WeightForm form)
    {
        using Checkpoint checkpoint = Checkpoint.Open(s_shipped);
        float[] expected = new Transformer(checkpoint.Config, checkpoint.Weights(form: form)).Forward(s_tokens, rows: LogitRows.All).ToArray();
        float[][] logits = InProcessCommunicator.Run(size, ranks => TensorParallel.Build(checkpoint.Config, checkpoint.Weights(form: form), ranks).Forward(s_tokens, rows: LogitRows.All).ToArray());
        SharedModels.Close(logits[0], expected, $"{size} ranks");
        foreach (float[] others in logits) others.ShouldBe(logits[0]);
    }

    [Theory]
    [InlineData("q8_0", 2), InlineData("q8_0", 4), InlineData("q4_0", 4), InlineData("f16", 2)]
    public void Forward_OfQuantizedWeights_IsThatOfOneRank(string recipe, int size)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Quantized(recipe, s_tiny));
        int[] tokens = [.. s_tokens.Select(token => token % s_tiny.VocabSize)];
        // The exact form rounds no activations. The fast one rounds them to 8 bits, and what falls on the other side of a rounding moves them by 1/127 of a block's largest.
        foreach ((WeightForm form, float tolerance) in new[] { (WeightForm.Exact, 1e-5f), (WeightForm.Fast, recipe == "f16" ? 1e-5f : 2e-2f) })
        {
            float[] expected = new Transformer(checkpoint.Config, checkpoint.Weights(form: form)).Forward(tokens, rows: LogitRows.All).ToArray();
            float[][] logits = InProcessCommunicator.Run(size, ranks => TensorParallel.Build(checkpoint.Config, checkpoint.Weights(form: form), ranks).Forward(tokens, rows: LogitRows.All).ToArray());
            GoldenModel.Error(logits[0], expected).ShouldBeLessThan(tolerance, form.ToString());
            foreach (float[] others in logits) others.ShouldBe(logits[0]);
        }
    }

    [Theory]
    [InlineData("q8_0", 8, 16, "(Q8_0 [64, 128])", "multiples of 32: 8 ranks cannot share this matrix; use a type without blocks (f16, bf16), fewer ranks, or one process.")]
    [InlineData("q4_k_m", 2, 64, "(Q4_K [64, 256])", "multiples of 256: 2 ranks cannot share this matrix; use a type with blocks of 32 columns (q8_0, q4_0), fewer ranks, or one process.")]
    public void Build_WhereAShareCutsBlocks_SaysWhatToDo(string recipe, int size, int headDim, string matrix, string advice)
    {
        ModelConfig config = s_tiny with { NumHeads = headDim == 16 ? 8 : 4, NumKvHeads = headDim == 16 ? 8 : 4, HeadDim = headDim };
        using Checkpoint checkpoint = Checkpoint.Open(Quantized(recipe, config));
        Exception error = Should.Throw<Exception>(() => InProcessCommunicator.Run(size, ranks => TensorParallel.Build(checkpoint.Config, checkpoint.Weights(), ranks)));
        error.Message.ShouldContain($"'blk.0.attn_output.weight' {matrix} begin or end inside");
        error.Message.ShouldContain(advice);
    }

    [Fact]
    public void Gather_OfQuantizedShares_GivesTheDequantizedModel()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Quantized("q8_0", s_tiny));
        int[] tokens = [1, 2, 3, 4];
        float[] expected = new Transformer(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense)).Forward(tokens).ToArray();
        Transformer? gathered = InProcessCommunicator.Run(2, ranks => TensorParallel.Gather(TensorParallel.Build(checkpoint.Config, checkpoint.Weights(), ranks), checkpoint.Config, ranks))[0];
        gathered!.Forward(tokens).ToArray().ShouldBe(expected);
    }

    [Fact]
    public void CompleteAsync_OnSeveralRanks_WritesTheSameTextOnAll()
    {
        GenerationOptions[] options = [new() { MaxTokens = 24, Temperature = 0 }, new() { MaxTokens = 24, Temperature = 0.9f, Seed = 11 }];
        using LanguageModel whole = LanguageModel.Load(s_shipped);
        using Checkpoint checkpoint = Checkpoint.Open(s_shipped);
        string[] expected = [.. options.Select(each => Complete(whole, each))];
        string[][] texts = InProcessCommunicator.Run(2, ranks =>
        {
            LanguageModel model = new(TensorParallel.Build(checkpoint.Config, checkpoint.Weights(), ranks), whole.Tokenizer);
            string[] all = [.. options.Select(each => Complete(model, each))];
            model.Dispose();
            return all;
        });
        texts[1].ShouldBe(texts[0]);
        texts[0].ShouldBe(expected);
    }

    [Fact]
    public void CompleteAsync_WithoutASeed_DrawsTheSameOnAllRanks()
    {
        using Checkpoint checkpoint = Checkpoint.Open(s_shipped);
        Tokenizer tokenizer = LanguageModel.LoadTokenizer(checkpoint);
        string[] texts = InProcessCommunicator.Run(2, ranks =>
        {
            using LanguageModel model = new(TensorParallel.Build(checkpoint.Config, checkpoint.Weights(), ranks), tokenizer);
            return Complete(model, new GenerationOptions { MaxTokens = 16, Temperature = 2 });
        });
        texts[1].ShouldBe(texts[0]);
    }

    [Fact]
    public void CompleteAsync_OtherOptionsOnOneRank_IsRefusedOnAllInsteadOfWritingNonsense()
    {
        using Checkpoint checkpoint = Checkpoint.Open(s_shipped);
        Tokenizer tokenizer = LanguageModel.LoadTokenizer(checkpoint);
        string[] errors = InProcessCommunicator.Run(2, ranks =>
        {
            using LanguageModel model = new(TensorParallel.Build(checkpoint.Config, checkpoint.Weights(), ranks), tokenizer);
            return Should.Throw<InvalidOperationException>(() => Complete(model, new GenerationOptions { MaxTokens = 16, Temperature = 2, Seed = (ulong)ranks.Rank })).Message;
        });
        errors.ShouldAllBe(error => error.StartsWith("Generate: the ranks that share the model are about to read different tokens"));
    }

    [Fact]
    public void CompleteAsync_ARankThatStopsReading_StopsAllAtTheSameToken()
    {
        using Checkpoint checkpoint = Checkpoint.Open(s_shipped);
        Tokenizer tokenizer = LanguageModel.LoadTokenizer(checkpoint);
        int[] read = InProcessCommunicator.Run(2, ranks =>
        {
            using LanguageModel model = new(TensorParallel.Build(checkpoint.Config, checkpoint.Weights(), ranks), tokenizer);
            using CancellationTokenSource stop = new();
            if (ranks.Rank == 1) stop.CancelAfter(30);
            Should.Throw<OperationCanceledException>(() => Complete(model, new GenerationOptions { MaxTokens = 400, Temperature = 0, IgnoreEndTokens = true }, stop.Token));
            // Both are ready for another text.
            return Complete(model, new GenerationOptions { MaxTokens = 3, Temperature = 0 }).Length;
        });
        read[1].ShouldBe(read[0]);
    }

    private static string Complete(LanguageModel model, GenerationOptions options, CancellationToken cancellation = default)
    {
        async Task<string> Collect()
        {
            List<string> pieces = [];
            await foreach (CompletionPiece piece in model.CompleteAsync("Once upon a time", options, cancellation)) pieces.Add(piece.Text);
            return string.Concat(pieces);
        }

        return Task.Run(Collect).GetAwaiter().GetResult();
    }

    private string Quantized(string recipe, ModelConfig config)
    {
        QuantizationRecipe.TryFind(recipe, out QuantizationRecipe? found).ShouldBeTrue();
        string path = _temp.File($"{recipe}.gguf");
        GgufExport.Write(MixerModels.Make(config), path, new GgufExportOptions { Recipe = found });
        return path;
    }
}
