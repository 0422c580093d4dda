using Heed.Inference;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI.Tests;

[Collection(ModelsCollection.Name)]
public sealed class HeedEmbeddingGeneratorTests(TestModels models)
{
    private readonly HeedEmbeddingGenerator _generator = new(models.Plain, new HeedClientOptions { ModelId = "stories" });

    [Fact]
    public async Task GenerateAsync_Texts_BecomeTheLibrarysVectors()
    {
        string[] texts = ["A dog.", "A cat and a dog.", "The sea."];
        IReadOnlyList<TextEmbedding> expected = await models.Plain.EmbedAsync(texts);
        GeneratedEmbeddings<Embedding<float>> vectors = await _generator.GenerateAsync(texts);
        vectors.Select(vector => vector.Vector.ToArray()).ShouldBe(expected.Select(vector => vector.Vector.ToArray()));
        vectors.ShouldAllBe(vector => vector.ModelId == "stories" && vector.CreatedAt != null && Math.Abs(Length(vector) - 1) < 1e-5);
        vectors.Usage!.InputTokenCount.ShouldBe(expected.Sum(vector => vector.Tokens));
        vectors.Usage.TotalTokenCount.ShouldBe(vectors.Usage.InputTokenCount);
        (await _generator.GenerateVectorAsync("The sea.")).ToArray().ShouldBe(vectors[2].Vector.ToArray());
    }

    [Fact]
    public async Task GenerateAsync_Options_AreHeldToOrRefused()
    {
        (await _generator.GenerateAsync(["A dog."], new() { Dimensions = 8 }))[0].Vector.Length.ShouldBe(8);
        EmbeddingGenerationOptions raw = new() { RawRepresentationFactory = _ => new EmbeddingOptions { Pooling = EmbeddingPooling.Mean, Normalize = false } };
        (await _generator.GenerateAsync(["A dog."], raw))[0].Vector.ToArray()
            .ShouldBe((await models.Plain.EmbedAsync(["A dog."], new EmbeddingOptions { Pooling = EmbeddingPooling.Mean, Normalize = false }))[0].Vector.ToArray());
        await Refused(new() { Dimensions = 100_000 }, "Dimensions is 100000");
        await Refused(new() { ModelId = "other" }, "ModelId is 'other'");
        await Refused(new() { AdditionalProperties = new() { ["user"] = "me" } }, "'user'");
        await Refused(new() { RawRepresentationFactory = _ => 1 }, "System.Int32");

        async Task Refused(EmbeddingGenerationOptions options, string message) =>
            (await Should.ThrowAsync<Exception>(() => _generator.GenerateAsync(["A dog."], options))).Message.ShouldContain(message);
    }

    [Fact]
    public async Task GenerateAsync_Cancelled_Ends()
    {
        using CancellationTokenSource source = new();
        source.Cancel();
        await Should.ThrowAsync<OperationCanceledException>(() => _generator.GenerateAsync(["A dog."], cancellationToken: source.Token));
    }

    [Fact]
    public void GetService_ReachesTheModelAndItsMetadata()
    {
        IEmbeddingGenerator generator = _generator;
        generator.GetService<LanguageModel>().ShouldBeSameAs(models.Plain);
        EmbeddingGeneratorMetadata metadata = generator.GetService<EmbeddingGeneratorMetadata>()!;
        (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions).ShouldBe(("heed", "stories", models.Plain.Config.HiddenSize));
        generator.GetService<HeedEmbeddingGenerator>().ShouldBeSameAs(_generator);
        generator.GetService<IChatClient>().ShouldBeNull();
    }

    private static double Length(Embedding<float> vector) => Math.Sqrt(vector.Vector.ToArray().Sum(value => (double)value * value));
}
