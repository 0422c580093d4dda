using System.Text.Json;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Models;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

public sealed class TextEmbeddingTests
{
    private static readonly CharacterTokenizer s_letters = CharacterTokenizer.Train("abcdefghijkl", new CharacterTokenizerOptions { SpecialTokens = ["[MASK]"] });

    private static readonly ModelConfig s_small = new() { HiddenSize = 12, NumHeads = 3, NumLayers = 2, IntermediateSize = 20, VocabSize = 24, MaxSeqLen = 40 };

    [Theory]
    [InlineData("llama-gqa")]
    [InlineData("qwen3")]
    [InlineData("gemma2")]
    public async Task EmbedAsync_Decoders_MatchPyTorch(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Golden($"models/{name}"));
        using LanguageModel model = new(GoldenModel.Build(checkpoint), s_letters);
        await CheckGolden(model, name);
    }

    [Theory]
    [InlineData("bidirectional_sinusoidal")]
    [InlineData("bidirectional_no_positions")]
    public async Task EmbedAsync_Encoders_MatchPyTorch(string name)
    {
        using JsonDocument golden = BlockModels.Read(name);
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("abc");
        using LanguageModel model = new(new Transformer(BlockModels.ConfigOf(name), BlockModels.Weights(golden, "weights", Device.Cpu)), tokenizer);
        await CheckGolden(model, name);
    }

    [Theory]
    [InlineData("decoder")]
    [InlineData("encoder")]
    [InlineData("halves")]
    [InlineData("window")]
    [InlineData("mamba")]
    [InlineData("ntk")]
    public async Task EmbedAsync_Batch_IsBitIdenticalToSingles(string kind)
    {
        using LanguageModel model = Make(kind);
        string[] texts = ["a", "abcabc", "fed", "abcdefghijklabcdefghijkl", "b", "lkjihg", "abcdefghijklabc"];
        foreach (EmbeddingPooling pooling in Enum.GetValues<EmbeddingPooling>())
        {
            EmbeddingOptions options = new() { Pooling = pooling };
            IReadOnlyList<TextEmbedding> together = await model.EmbedAsync(texts, options);
            together.Count.ShouldBe(texts.Length);
            for (int i = 0; i < texts.Length; i++)
            {
                TextEmbedding alone = (await model.EmbedAsync([texts[i]], options))[0];
                together[i].Vector.ToArray().ShouldBe(alone.Vector.ToArray(), $"{kind} {pooling} {i}");
                together[i].Tokens.ShouldBe(alone.Tokens);
            }
            if (pooling == EmbeddingPooling.Mean) together.Select(text => string.Join(' ', text.Vector.ToArray())).Distinct().Count().ShouldBe(texts.Length);
        }
    }

    [Fact]
    public async Task EmbedAsync_ManyTexts_AreSplitIntoPasses()
    {
        using LanguageModel model = Make("decoder");
        string[] texts = [.. Enumerable.Range(0, 300).Select(i => new string((char)('a' + i % 12), 1 + i * 7 % 30))];
        IReadOnlyList<TextEmbedding> vectors = await model.EmbedAsync(texts);
        for (int i = 0; i < texts.Length; i += 37)
            vectors[i].Vector.ToArray().ShouldBe((await model.EmbedAsync([texts[i]]))[0].Vector.ToArray());
    }

    [Fact]
    public async Task EmbedAsync_PoolingByDefault_IsWhatTheModelSees()
    {
        using LanguageModel decoder = Make("decoder"), encoder = Make("encoder");
        (await Vector(decoder, new())).ShouldBe(await Vector(decoder, new() { Pooling = EmbeddingPooling.LastToken }));
        (await Vector(encoder, new())).ShouldBe(await Vector(encoder, new() { Pooling = EmbeddingPooling.Mean }));
        (await Vector(encoder, new())).ShouldNotBe(await Vector(encoder, new() { Pooling = EmbeddingPooling.Cls }));
    }

    [Fact]
    public async Task EmbedAsync_Dimensions_AreTheFirstOnesNormalizedAnew()
    {
        using LanguageModel model = Make("decoder");
        float[] plain = await Vector(model, new() { Normalize = false }), cut = await Vector(model, new() { Dimensions = 5 });
        cut.Length.ShouldBe(5);
        double length = Math.Sqrt(plain.Take(5).Sum(value => (double)value * value));
        for (int i = 0; i < 5; i++) cut[i].ShouldBe((float)(plain[i] / length), 1e-6f);
        foreach (int wrong in (int[])[0, -1, 13])
            (await Should.ThrowAsync<ArgumentOutOfRangeException>(() => Vector(model, new() { Dimensions = wrong }))).Message.ShouldContain("expected 1 to 12");
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => Vector(model, new() { Pooling = (EmbeddingPooling)9 }));
    }

    [Fact]
    public async Task EmbedAsync_TextBeyondTheContext_IsRefusedOrCut()
    {
        using LanguageModel model = Make("decoder");
        string text = string.Concat(Enumerable.Repeat("abcdefghijkl", 5));
        (await Should.ThrowAsync<ArgumentException>(() => model.EmbedAsync(["a", text]))).Message.ShouldContain("text 1 has 60 tokens; the context holds 40");
        EmbeddingOptions cutting = new() { Truncate = true };
        TextEmbedding cut = (await model.EmbedAsync([text], cutting))[0];
        cut.Tokens.ShouldBe(40);
        cut.Vector.ToArray().ShouldBe((await model.EmbedAsync([text[..40]]))[0].Vector.ToArray());
    }

    [Fact]
    public async Task EmbedAsync_Tokens_AreTakenAsTheyAre()
    {
        using LanguageModel model = Make("decoder");
        int[] tokens = model.Tokenizer.Encode("abc");
        (await model.EmbedAsync([tokens.AsMemory()]))[0].Vector.ToArray().ShouldBe((await model.EmbedAsync(["abc"]))[0].Vector.ToArray());
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => model.EmbedAsync([new[] { 24 }.AsMemory()]));
        (await Should.ThrowAsync<ArgumentException>(() => model.EmbedAsync([ReadOnlyMemory<int>.Empty]))).Message.ShouldContain("text 0 has no tokens");
        (await model.EmbedAsync(Array.Empty<string>())).ShouldBeEmpty();
        await Should.ThrowAsync<ArgumentException>(() => model.EmbedAsync(["a", null!]));
    }

    [Fact]
    public async Task EmbedAsync_Cancelled_EndsAndLeavesTheModelUsable()
    {
        using LanguageModel model = Make("decoder");
        using CancellationTokenSource source = new();
        source.Cancel();
        await Should.ThrowAsync<OperationCanceledException>(() => model.EmbedAsync(["abc"], cancellation: source.Token));
        (await model.EmbedAsync(["abc"])).Count.ShouldBe(1);
        model.Dispose();
        await Should.ThrowAsync<ObjectDisposedException>(() => model.EmbedAsync(["abc"]));
    }

    [Fact]
    public void States_TimesTheOutputLayer_AreTheLogits()
    {
        using LanguageModel model = Make("decoder");
        int[] tokens = [3, 1, 4, 1, 5, 9, 2, 6], positions = [-1, 0, 1, 2, 0, 1, 2, 3];
        float[] logits = model.Transformer.Forward(tokens, positions: positions, batch: 2, rows: LogitRows.All).ToArray();
        using Tensor states = model.Transformer.States(tokens, positions, batch: 2);
        states.Shape.ShouldBe(new Shape(2, 4, 12));
        model.Transformer.Output.Forward(states).ToArray()[24..].ShouldBe(logits[24..]);
    }

    private static async Task<float[]> Vector(LanguageModel model, EmbeddingOptions options) => (await model.EmbedAsync(["abcdef"], options))[0].Vector.ToArray();

    private static async Task CheckGolden(LanguageModel model, string name)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden("embeddings.json")));
        JsonElement[] texts = [.. golden.RootElement.GetProperty(name).EnumerateArray()];
        ReadOnlyMemory<int>[] tokens = [.. texts.Select(text => new ReadOnlyMemory<int>([.. text.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())]))];
        foreach ((EmbeddingPooling pooling, string pooled) in new[] { (EmbeddingPooling.Mean, "mean"), (EmbeddingPooling.LastToken, "last"), (EmbeddingPooling.Cls, "first") })
            foreach (bool normalize in new[] { false, true })
            {
                IReadOnlyList<TextEmbedding> vectors = await model.EmbedAsync(tokens, new EmbeddingOptions { Pooling = pooling, Normalize = normalize });
                for (int i = 0; i < texts.Length; i++)
                {
                    float[] expected = [.. texts[i].GetProperty(pooled).GetProperty(normalize ? "normalized" : "plain").EnumerateArray().Select(value => value.GetSingle())];
                    // As for logits: a few layers in float32 against float64.
                    GoldenModel.Error(vectors[i].Vector.Span, expected).ShouldBeLessThan(5e-5, $"{pooled} of text {i}");
                }
            }
    }

    private static LanguageModel Make(string kind)
    {
        ModelConfig config = kind switch
        {
            "encoder" => s_small with { Bidirectional = true },
            "halves" => s_small.WithEncoder(),
            "window" => s_small with { Window = 3 },
            "mamba" => s_small with { Mixer = MixerKind.Mamba, Positions = PositionKind.None },
            "ntk" => s_small with { RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 4, 8) },
            _ => s_small,
        };
        return new LanguageModel(new Transformer(config, new RandomWeights(seed: 3, config.NumLayers)), s_letters);
    }
}
