using Heed.Inference;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Nn;
using Heed.Tests.Models;
using Heed.Tests.Training;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

/// <summary>Several texts at once: each is what it would be alone, whatever shares its batch.</summary>
public sealed class BatchGenerationTests(LanguageModelTests.Shipped shipped) : IClassFixture<LanguageModelTests.Shipped>
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ:\n.,!?";
    private static readonly string s_long = string.Concat(Enumerable.Range(0, 300).Select(i => (char)('a' + i * i % 26)));

    /// <summary>Random batches of random requests: lengths, budgets, stops, seeds, samplers, log-probabilities, grammars, contexts that slide or end.</summary>
    [Theory]
    [InlineData("plain", 1)]
    [InlineData("plain", 2)]
    [InlineData("plain", 3)]
    [InlineData("quantized cache", 4)]
    [InlineData("windows", 5)]
    [InlineData("bigbird", 6)]
    [InlineData("mamba", 7)]
    [InlineData("simple", 8)]
    [InlineData("longformer", 9)]
    [InlineData("ntk", 10)]
    [InlineData("longrope", 11)]
    public async Task CompleteBatchAsync_RandomRequests_GiveWhatEachGivesAlone(string name, int seed)
    {
        using LanguageModel model = Make(name);
        Random random = new(seed);
        for (int batch = 0; batch < 3; batch++)
        {
            BatchRequest[] requests = [.. Enumerable.Range(0, random.Next(2, 9)).Select(_ => Request(random))];
            List<CompletionPiece>[] together = await Collect(model.CompleteBatchAsync(requests, maxRows: random.Next(1, 6)), requests.Length);
            for (int i = 0; i < requests.Length; i++)
                Describe(together[i]).ShouldBe(Describe(await Collect(model.CompleteAsync(requests[i].Prompt!, requests[i].Options))), $"batch {batch}, request {i}");
        }
    }

    private static BatchRequest Request(Random random)
    {
        int start = random.Next(2) == 0 ? 0 : random.Next(200);
        string prompt = s_long.Substring(start, random.Next(1, 100));
        GenerationOptions options = random.Next(3) == 0 ? GenerationOptions.Greedy : new GenerationOptions
        {
            Temperature = 0.5f + random.NextSingle(),
            TopK = random.Next(3) * 10,
            TopP = 0.9f,
            RepetitionPenalty = random.Next(2) == 0 ? 1 : 1.3f,
            PenaltyWindow = 8,
        };
        return new BatchRequest(prompt, options with
        {
            Seed = (ulong)random.Next(),
            MaxTokens = random.Next(0, 60),
            StopStrings = random.Next(2) == 0 ? [] : ["ab", "q"],
            StopTokens = random.Next(3) == 0 ? [random.Next(10)] : [],
            IgnoreEndTokens = random.Next(2) == 0,
            LogProbabilities = random.Next(2) == 0,
            TopLogProbabilities = random.Next(3) == 0 ? 2 : 0,
            EchoPrompt = random.Next(3) == 0,
            Overflow = random.Next(2) == 0 ? ContextOverflow.Stop : ContextOverflow.Slide,
            Grammar = random.Next(5) == 0 ? Grammar.FromRegex("[a-e]{3,9}(x|yy)") : null,
        });
    }

    /// <summary>Row 36: prompts of different lengths, a budget for each row, and whatever token is in a prompt.</summary>
    [Fact]
    public async Task Row36_MixedLengthsAndAPadIdInAPrompt_GiveWhatEachRowGivesAlone()
    {
        using LanguageModel model = Make("plain");
        int pad = model.Tokenizer.EosId ?? 0;
        BatchRequest[] requests =
        [
            new(new[] { 5, 6, 7 }, GenerationOptions.Greedy with { MaxTokens = 11, IgnoreEndTokens = true }),
            new(new[] { 5, pad, 0, pad, 9, 4, 4, 8, 1, 2, 3 }, GenerationOptions.Greedy with { MaxTokens = 3, IgnoreEndTokens = true }),
            new(new[] { 8 }, GenerationOptions.Greedy with { MaxTokens = 20, IgnoreEndTokens = true }),
        ];
        List<CompletionPiece>[] together = await Collect(model.CompleteBatchAsync(requests), 3);
        together.Select(pieces => pieces[^1].Usage!.CompletionTokens).ShouldBe([11, 3, 20], "each has its own budget");
        for (int i = 0; i < 3; i++)
            Describe(together[i]).ShouldBe(Describe(await Collect(model.CompleteAsync(requests[i].Tokens, requests[i].Options))));
    }

    [Fact]
    public async Task CompleteBatchAsync_PromptsThatBeginAlike_ReadTheBeginningOnce()
    {
        using LanguageModel model = Make("plain");
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 5, IgnoreEndTokens = true };
        BatchRequest[] requests = [new(s_long[..90] + "x", options), new(s_long[..90] + "yes", options), new(s_long[..40], options)];
        List<CompletionPiece>[] together = await Collect(model.CompleteBatchAsync(requests), 3);
        int first = model.Tokenizer.Encode(s_long[..90]).Length;
        together.Select(pieces => pieces[^1].Usage!.CachedTokens).ShouldBe([0, first, model.Tokenizer.Encode(s_long[..40]).Length - 1]);
        for (int i = 0; i < 3; i++) Describe(together[i]).ShouldBe(Describe(await Collect(model.CompleteAsync(requests[i].Prompt!, options))));
    }

    /// <summary>A text that cannot be written ends alone.</summary>
    [Fact]
    public async Task CompleteBatchAsync_APromptThatIsTooLong_LeavesTheOthersAlone()
    {
        using LanguageModel model = Make("plain");
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 5, IgnoreEndTokens = true };
        BatchRequest[] requests = [new("good", options), new(s_long, options), new(new[] { 1, 100_000 }, options), new("day", options)];
        Dictionary<int, Exception> errors = [];
        Dictionary<int, int> tokens = [];
        await foreach (BatchPiece piece in model.CompleteBatchAsync(requests))
        {
            if (piece.Error is not null) errors.Add(piece.Row, piece.Error);
            else if (piece.Piece!.Usage is { } usage) tokens.Add(piece.Row, usage.CompletionTokens);
        }
        errors.Keys.Order().ShouldBe([1, 2]);
        errors[1].ShouldBeOfType<ContextOverflowException>();
        errors[2].ShouldBeOfType<ArgumentOutOfRangeException>().Message.ShouldContain("token 100000");
        tokens.ShouldBe(new Dictionary<int, int> { [0] = 5, [3] = 5 }, ignoreOrder: true);
    }

    [Fact]
    public async Task CompleteBatchAsync_NoRequestsOrWrongOnes_AreHandled()
    {
        using LanguageModel model = Make("plain");
        (await Collect(model.CompleteBatchAsync([]), 0)).ShouldBeEmpty();
        Should.Throw<ArgumentOutOfRangeException>(() => model.CompleteBatchAsync([new("a")], maxRows: 0));
        Should.Throw<ArgumentException>(() => model.CompleteBatchAsync([null!])).Message.ShouldContain("request 0 is null");
        Should.Throw<ArgumentOutOfRangeException>(() => model.CompleteBatchAsync([new("a", new GenerationOptions { TopP = 3 })]));
    }

    [Fact]
    public async Task CompleteBatchAsync_CancelledOrLeft_EndsAtOnceAndTheModelGoesOn()
    {
        using LanguageModel model = Make("plain");
        GenerationOptions endless = new() { Seed = 1, IgnoreEndTokens = true, Overflow = ContextOverflow.Slide };
        BatchRequest[] requests = [new("one", endless), new("two", endless)];
        await foreach (BatchPiece piece in model.CompleteBatchAsync(requests)) break;
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(50));
        await Should.ThrowAsync<OperationCanceledException>(() => Collect(model.CompleteBatchAsync(requests, cancellation: source.Token), 2));
        (await Collect(model.CompleteAsync("one", GenerationOptions.Greedy with { MaxTokens = 3, IgnoreEndTokens = true })))[^1].Usage!.CompletionTokens.ShouldBe(3);
    }

    /// <summary>The model that ships with Heed, with its own tokenizer, in a batch of different wishes.</summary>
    [Fact]
    public async Task CompleteBatchAsync_ShippedModel_WritesWhatEachRowWritesAlone()
    {
        string[] prompts = ["Once upon a time", "Once upon a time there was a fox", "", "The boat"];
        BatchRequest[] requests = [.. prompts.Select((prompt, i) => new BatchRequest(prompt, new GenerationOptions { Seed = (ulong)i, MaxTokens = 20 + 10 * i, LogProbabilities = true }))];
        List<CompletionPiece>[] together = await Collect(shipped.Model.CompleteBatchAsync(requests, maxRows: 3), 4);
        for (int i = 0; i < 4; i++)
            Describe(together[i]).ShouldBe(Describe(await Collect(shipped.Model.CompleteAsync(prompts[i], requests[i].Options))), prompts[i]);
    }

    private static LanguageModel Make(string name)
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train([Letters]);
        ModelConfig config = name switch
        {
            "mamba" or "simple" => MixerModels.ConfigOf(name),
            "windows" => TinyRun.Config with { Window = 12, WindowEvery = 2 },
            "bigbird" => CachedModels.ConfigOf(name),
            "longformer" => CachedModels.ConfigOf(name),
            "ntk" => TinyRun.Config with { RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 4, 40) },
            "longrope" => TinyRun.Config with { RopeScaling = new RopeScaling(RopeScalingKind.LongRope, 4, 40) { ShortFactors = [1, 1, 1, 1], LongFactors = [1, 2, 3, 4] } },
            _ => TinyRun.Config,
        };
        Transformer transformer = MixerModels.Make(config with { VocabSize = tokenizer.VocabSize, MaxSeqLen = 128 });
        return new LanguageModel(transformer, tokenizer) { CacheType = name == "quantized cache" ? KvCacheType.Q8_0 : KvCacheType.F32 };
    }

    /// <summary>All that a text consists of but the times that it took and what was cached.</summary>
    private static string Describe(List<CompletionPiece> pieces) => string.Join('|',
    [
        string.Concat(pieces.Select(piece => piece.Text)),
        string.Join(',', pieces.SelectMany(piece => piece.TokenIds)),
        string.Join(',', pieces.SelectMany(piece => piece.LogProbabilities).Select(BitConverter.SingleToInt32Bits)),
        string.Join(',', pieces.SelectMany(piece => piece.TopLogProbabilities).Select(top => string.Join('/', top))),
        $"{pieces[^1].FinishReason} {pieces[^1].Usage!.PromptTokens} {pieces[^1].Usage!.CompletionTokens}",
    ]);

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }

    private static async Task<List<CompletionPiece>[]> Collect(IAsyncEnumerable<BatchPiece> pieces, int rows)
    {
        List<CompletionPiece>[] all = [.. Enumerable.Range(0, rows).Select(_ => new List<CompletionPiece>())];
        await foreach (BatchPiece piece in pieces)
        {
            if (piece.Error is not null) throw piece.Error;
            all[piece.Row].Add(piece.Piece!);
        }
        return all;
    }
}
