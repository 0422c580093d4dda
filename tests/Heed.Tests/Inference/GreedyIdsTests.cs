using System.Numerics.Tensors;
using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Inference.Drafting;
using Heed.Nn;

namespace Heed.Tests.Inference;

/// <summary>However a text is written, at temperature 0 it is the same one.</summary>
public sealed class GreedyIdsTests(LanguageModelTests.Shipped shipped) : IClassFixture<LanguageModelTests.Shipped>
{
    private const string Folder = "weights/stories260K/";

    [DataFact(Folder + "stories260K.bin", Folder + "stories260K_greedy.ids")]
    public async Task CompleteAsync_Stories260K_GivesTheIdsOfLlama2cInEveryWay()
    {
        using LanguageModel model = LanguageModel.Load(TestData.Get(Folder + "stories260K.bin"));
        int[] ids = [.. File.ReadAllText(TestData.Get(Folder + "stories260K_greedy.ids")).Split([' ', ',', '\n', '[', ']'], StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        if (ids[0] != model.Tokenizer.BosId) ids = [model.Tokenizer.BosId!.Value, .. ids];
        await ShouldBeInEveryWay(model, ids[..40], ids[40..100]);
    }

    [Fact]
    public async Task CompleteAsync_ShippedModel_GivesTheSameIdsInEveryWay()
    {
        LanguageModel model = shipped.Model;
        int[] prompt = model.Tokenizer.Encode("Once upon a time, there lived a quiet fox named Molly. Once upon a time, there lived a");
        await ShouldBeInEveryWay(model, prompt, Uncached(model, prompt, 30));
    }

    private static async Task ShouldBeInEveryWay(LanguageModel model, int[] prompt, int[] expected)
    {
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = expected.Length, IgnoreEndTokens = true };
        Uncached(model, prompt, expected.Length).ShouldBe(expected, "without a cache");
        using (KvCache contiguous = model.Transformer.CreateCache()) InChunks(model, contiguous, prompt, expected.Length).ShouldBe(expected, "in chunks");
        using (KvCache paged = model.Transformer.CreatePagedCache()) InChunks(model, paged, prompt, expected.Length).ShouldBe(expected, "in chunks and blocks");
        (await Ids(model.CompleteAsync(prompt, options))).ShouldBe(expected, "with a cache");
        Speculation[] drafters = [new PromptLookup(), new PromptLookup { ShortestMatch = 1, AlwaysDrafts = true }, new DraftModel(model), new DraftModel(model) { AlwaysDrafts = true }, new EarlyExit(1) { AlwaysDrafts = true }];
        foreach (Speculation speculation in drafters) (await Ids(model.CompleteAsync(prompt, options with { Speculation = speculation }))).ShouldBe(expected, speculation.GetType().Name);
        BatchRequest[] requests = [new(prompt[..3], options), new(prompt, options), new(prompt[..^2], GenerationOptions.Greedy with { Temperature = 1, Seed = 3, MaxTokens = 9 }), new(prompt, options)];
        List<int>[] batch = [.. requests.Select(_ => new List<int>())];
        await foreach (BatchPiece piece in model.CompleteBatchAsync(requests, maxRows: 3)) batch[piece.Row].AddRange(piece.Piece!.TokenIds);
        batch[1].ToArray().ShouldBe(expected, "in a batch");
        batch[3].ToArray().ShouldBe(expected, "in a batch, after others");
        (await model.SearchAsync(prompt, new BeamOptions { Beams = 1 }, options)).Hypotheses[0].TokenIds.ShouldBe(expected, "as a search with one beam");
        int[] text = [.. expected.TakeWhile(token => !model.EndTokens.Contains(token))];
        using Llama llama = new(model, maxBatchSize: 2);
        llama.Generate([prompt[..5], prompt], expected.Length, temperature: 0)[1].TokenIds.ShouldBe(text, "by Llama's interface");
    }

    /// <summary>Each token by a pass over all that stand before it.</summary>
    private static int[] Uncached(LanguageModel model, int[] prompt, int count)
    {
        int[] all = prompt;
        while (all.Length < prompt.Length + count) all = [.. all, TensorPrimitives.IndexOfMax<float>(model.Transformer.Forward(all).ToArray())];
        return all[prompt.Length..];
    }

    private static int[] InChunks(LanguageModel model, KvCache cache, int[] prompt, int count)
    {
        float[] logits = [];
        foreach (int[] chunk in prompt.Chunk(7)) logits = model.Transformer.Forward(chunk, cache).ToArray();
        List<int> ids = [TensorPrimitives.IndexOfMax<float>(logits)];
        while (ids.Count < count) ids.Add(TensorPrimitives.IndexOfMax<float>(model.Transformer.Forward([ids[^1]], cache).ToArray()));
        return [.. ids];
    }

    private static async Task<int[]> Ids(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<int> ids = [];
        await foreach (CompletionPiece piece in pieces) ids.AddRange(piece.TokenIds);
        return [.. ids];
    }
}
