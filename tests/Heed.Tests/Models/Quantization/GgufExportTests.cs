using Heed.Formats;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Quantization;

public sealed class GgufExportTests : IDisposable
{
    private static readonly string s_shipped = Path.Combine(TestData.Repository, "models", "heed-stories");
    private static readonly int[] s_tokens = [0, 511, 300, 301, 42, 7, 1999, 100, 64, 64, 3, 900];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string> Recipes => [.. QuantizationRecipe.All.Select(recipe => recipe.Name)];

    [Theory]
    [InlineData("llama"), InlineData("llama-gqa"), InlineData("llama-bias"), InlineData("smollm"), InlineData("llama3-scaled"), InlineData("llama-linear"), InlineData("llama-f16")]
    [InlineData("llama-yarn"), InlineData("mistral"), InlineData("qwen2"), InlineData("qwen3"), InlineData("phi3"), InlineData("phi3-partial"), InlineData("phi3-longrope"), InlineData("gpt2")]
    [InlineData("meta-llama")]
    public void Write_GoldenFamily_MatchesPyTorch(string family)
    {
        GoldenModel golden = new(family);
        string path = _temp.File("model.gguf");
        using (Checkpoint source = Checkpoint.Open(golden.PathOf(""))) GgufExport.Write(source, path, new GgufExportOptions { Recipe = Recipe("f32") });

        using Checkpoint checkpoint = Checkpoint.Open(path);
        Transformer model = GoldenModel.Build(checkpoint);
        float[][] expected = golden.Logits();
        for (int i = 0; i < expected.Length; i++) GoldenModel.Error(GoldenModel.Forward(model, golden.Sequences[i]), expected[i]).ShouldBeLessThan(1e-4);
    }

    [Fact]
    public void Write_WhatGgufCannotSay_IsRefusedAndNamed()
    {
        ModelConfig[] models =
        [
            Tiny with { AttentionScale = 0.3f }, Tiny with { AttentionTopK = 4 }, Tiny with { Bidirectional = true }, Tiny with { Norm = NormKind.Layer }, Tiny with { Window = 8, WindowFrom = 1 },
            Tiny with { Positions = PositionKind.Alibi }, Tiny with { RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 2, 64) }, Tiny with { EmbeddingScale = 3 }, Tiny with { Activation = Activation.Relu },
        ];
        foreach (ModelConfig config in models)
            Should.Throw<NotSupportedException>(() => GgufExport.Write(new Transformer(config, new RandomWeights(1)), _temp.File("no.gguf"))).Message.ShouldStartWith("GgufExport: ");
        using (Checkpoint gemma = Checkpoint.Open(new GoldenModel("gemma2").PathOf("")))
            Should.Throw<NotSupportedException>(() => GgufExport.Write(gemma, _temp.File("no.gguf"))).Message.ShouldContain("AttentionScale");
        Directory.GetFiles(_temp.Root).ShouldBeEmpty();
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Write_ModelInMemory_GivesTheSameLogitsToTheBit(bool tied)
    {
        Transformer model = new(Tiny with { TieEmbeddings = tied }, new RandomWeights(3));
        GgufExport.Write(model, _temp.File("m.gguf"), new GgufExportOptions { Recipe = Recipe("f32"), ModelName = "tiny" });

        using Checkpoint checkpoint = Checkpoint.Open(_temp.File("m.gguf"));
        checkpoint.Config.TieEmbeddings.ShouldBe(tied);
        checkpoint.Gguf!.Metadata.GetString("general.name").ShouldBe("tiny");
        GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense)), [1, 2, 3]).ShouldBe(GoldenModel.Forward(model, [1, 2, 3]));
    }

    [Theory, MemberData(nameof(Recipes))]
    public void Write_ShippedModel_LogitsStayWithinTheRecipesBound(string recipe)
    {
        using Checkpoint source = Checkpoint.Open(s_shipped);
        GgufExportReport report = GgufExport.Write(source, _temp.File("m.gguf"), new GgufExportOptions { Recipe = Recipe(recipe) });
        using Checkpoint written = Checkpoint.Open(_temp.File("m.gguf"));

        // Root mean square of the differences over that of the logits; measured, and a margin of a half.
        double bound = recipe switch
        {
            "f32" or "bf16" => 1e-5,
            "f16" => 1e-3,
            "q8_0" => 0.022,
            "q6_k" => 0.06,
            "q5_k_m" or "q5_k_s" or "q5_0" or "q5_1" => 0.125,
            "q4_k_m" or "q4_k_s" or "q4_1" or "q4_0" or "iq4_nl" or "iq4_xs" => 0.25,
            "q3_k_l" or "q3_k_m" => 0.35,
            _ => 0.65,
        };
        LogitError(source, written).ShouldBeLessThan(bound);
        report.Tensors.Count.ShouldBe(written.Files.Tensors.Count);
        report.Parameters.ShouldBe(source.Config.ParameterCount());
        foreach (GgufTensorReport tensor in report.Tensors)
        {
            written.Files.TryGet(tensor.Name, out StoredTensor? stored).ShouldBeTrue();
            stored!.Type.ShouldBe(tensor.Type);
            stored.ByteLength.ShouldBe(tensor.Bytes);
            // The inner size of 704 is no multiple of 256.
            if (tensor.Type != tensor.Wanted) tensor.Name.ShouldContain("ffn_down");
        }
        report.Fallbacks.Any().ShouldBe(recipe.Contains("_k", StringComparison.Ordinal) || recipe == "iq4_xs");
    }

    [Fact]
    public void Write_StoredInTheWantedType_IsCopied()
    {
        using (Checkpoint source = Checkpoint.Open(s_shipped)) GgufExport.Write(source, _temp.File("a.gguf"), new GgufExportOptions { Recipe = Recipe("q4_k_m") });
        using Checkpoint first = Checkpoint.Open(_temp.File("a.gguf"));
        GgufExport.Write(first, _temp.File("b.gguf"), new GgufExportOptions { Recipe = Recipe("q4_k_m") });

        Same("a.gguf", "b.gguf").ShouldBeTrue();
    }

    [Fact]
    public void Write_AnyNumberOfThreads_GivesTheSameFile()
    {
        using Checkpoint source = Checkpoint.Open(s_shipped);
        foreach (int threads in (int[])[1, 3]) GgufExport.Write(source, _temp.File($"{threads}.gguf"), new GgufExportOptions { Recipe = Recipe("q5_k_m"), Threads = threads });

        Same("1.gguf", "3.gguf").ShouldBeTrue();
    }

    [Fact]
    public void Write_Cancelled_LeavesWhatWasThere()
    {
        using Checkpoint source = Checkpoint.Open(s_shipped);
        using CancellationTokenSource cancel = new();
        _temp.Write("m.gguf", [1, 2, 3]);
        List<double> shares = [];
        GgufExportOptions options = new()
        {
            Recipe = Recipe("q4_k_m"),
            Progress = new Callback(share =>
        {
            shares.Add(share);
            if (share > 0.4) cancel.Cancel();
        })
        };

        Should.Throw<OperationCanceledException>(() => GgufExport.Write(source, _temp.File("m.gguf"), options, cancel.Token));

        shares.ShouldBeInOrder();
        shares[^1].ShouldBeInRange(0.4, 0.9);
        File.ReadAllBytes(_temp.File("m.gguf")).ShouldBe([1, 2, 3]);
        Directory.GetFiles(_temp.Root).Length.ShouldBe(1);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity), InlineData(1e6f)]
    public void Write_WeightThatIsNoNumber_IsNamed(float bad)
    {
        Transformer model = new(Tiny, new RandomWeights(4));
        ((DenseLinear)model.Blocks[1].FeedForward.Down).Weight.AsSpan()[5 * 64 + 3] = bad;

        ArithmeticException error = Should.Throw<ArithmeticException>(() => GgufExport.Write(model, _temp.File("m.gguf"), new GgufExportOptions { Recipe = Recipe("q8_0") }));

        error.Message.ShouldStartWith("GgufExport: 'blk.1.ffn_down.weight', row 5: ");
        Directory.GetFiles(_temp.Root).ShouldBeEmpty();
    }

    [Fact]
    public void Write_WithImportance_ErrsLessInTheLogits()
    {
        using Checkpoint source = Checkpoint.Open(s_shipped);
        int[] text = LanguageModel.LoadTokenizer(source).Encode(File.ReadAllText(Path.Combine(s_shipped, "README.md")));
        ImportanceMatrix importance = ImportanceMatrix.Measure(source, text, window: 256);
        importance.Tokens.ShouldBe(text.Length);
        importance.Layers.Count.ShouldBe(4 * source.Config.NumLayers + 1);
        importance.Layers.ShouldContain("blocks.3.feed_forward.down");
        double Error(ImportanceMatrix? used)
        {
            GgufExport.Write(source, _temp.File("m.gguf"), new GgufExportOptions { Recipe = Recipe("q3_k_s"), Importance = used });
            using Checkpoint written = Checkpoint.Open(_temp.File("m.gguf"));
            return LogitError(source, written);
        }

        Error(importance).ShouldBeLessThan(Error(null));
    }

    [Fact]
    public void Measure_KnownInputs_GivesTheirMeanSquares()
    {
        string path = _temp.File("m.gguf");
        GgufExport.Write(new Transformer(Tiny, new RandomWeights(5)), path, new GgufExportOptions { Recipe = Recipe("f32") });
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Transformer model = new(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense));

        float[] measured = ImportanceMatrix.Measure(checkpoint, [4, 5, 6, 7, 8], window: 3).Of("blocks.0.attention.qkv", 32)!;

        // The first block's input is the embedding, normalised: it does not depend on the windows.
        using TensorScope.Lease lease = TensorScope.Begin();
        float[] inputs = model.Blocks[0].AttentionNorm.Forward(model.Embedding.Forward([4, 5, 6, 7, 8])).ToArray();
        for (int column = 0; column < 32; column++)
            measured[column].ShouldBe((float)Enumerable.Range(0, 5).Average(row => Math.Pow(inputs[row * 32 + column], 2)), 1e-5);
        Should.Throw<ArgumentException>(() => ImportanceMatrix.Measure(checkpoint, []));
    }

    [Fact]
    public void Llama2cExport_RoundTrip_KeepsEveryBit()
    {
        foreach (bool tied in (bool[])[true, false])
            foreach (RopeLayout layout in (RopeLayout[])[RopeLayout.Interleaved, RopeLayout.HalfSplit])
            {
                Transformer model = new(Tiny with { TieEmbeddings = tied, RopeLayout = layout }, new RandomWeights(6));
                ModelFolder.Write(model, _temp.File("folder"));
                using (Checkpoint source = Checkpoint.Open(_temp.File("folder"))) Llama2cExport.Write(source, _temp.File("m.bin"));
                using Checkpoint checkpoint = Checkpoint.Open(_temp.File("m.bin"));
                checkpoint.Format.ShouldBe(CheckpointFormat.Llama2c);
                GoldenModel.Error(GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights()), [1, 2, 3]), GoldenModel.Forward(model, [1, 2, 3])).ShouldBeLessThan(1e-5);
            }
        using Checkpoint qwen = Checkpoint.Open(new GoldenModel("qwen2").PathOf(""));
        Should.Throw<NotSupportedException>(() => Llama2cExport.Write(qwen, _temp.File("no.bin"))).Message.ShouldContain("QkvBias");
        File.Exists(_temp.File("no.bin")).ShouldBeFalse();
    }

    private static ModelConfig Tiny => new() { HiddenSize = 32, IntermediateSize = 64, NumLayers = 2, NumHeads = 4, NumKvHeads = 2, VocabSize = 48, MaxSeqLen = 64 };

    private static QuantizationRecipe Recipe(string name) => QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe) ? recipe : throw new ArgumentException(name);

    private static double LogitError(Checkpoint source, Checkpoint written)
    {
        float[] expected = GoldenModel.Forward(new Transformer(source.Config, source.Weights()), s_tokens);
        float[] actual = GoldenModel.Forward(new Transformer(written.Config, written.Weights()), s_tokens);
        return Math.Sqrt(expected.Zip(actual, (a, b) => Math.Pow(a - b, 2)).Sum() / expected.Sum(a => Math.Pow(a, 2)));
    }

    private bool Same(string a, string b) => File.ReadAllBytes(_temp.File(a)).AsSpan().SequenceEqual(File.ReadAllBytes(_temp.File(b)));

    private sealed class Callback(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
