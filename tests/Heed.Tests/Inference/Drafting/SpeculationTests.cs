using Heed.Inference;
using Heed.Inference.Drafting;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Nn;
using Heed.Tests.Models;
using Heed.Tests.Training;
using Heed.Tokenizers;

namespace Heed.Tests.Inference.Drafting;

/// <summary>Texts with speculation are those without it, token by token, with all that comes beside them.</summary>
public sealed class SpeculationTests(LanguageModelTests.Shipped shipped) : IClassFixture<LanguageModelTests.Shipped>
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ:\n.,!?\"{}[]0123456789";
    private static readonly GenerationOptions s_greedy = GenerationOptions.Greedy with { MaxTokens = 60, IgnoreEndTokens = true };

    public static TheoryData<string> Kinds => ["lookup", "lookup of one", "early exit", "early exit as it pays", "draft", "draft as it pays"];

    /// <summary>Greedy: budgets, stops, end tokens, scores, penalties, grammar and a context that slides behave alike in the middle of a draft.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task CompleteAsync_Greedy_IsTheSameTextWithAllThatBelongsToIt(string kind)
    {
        using LanguageModel model = Small(3), draft = Small(1);
        Speculation speculation = Make(kind, draft);
        int accepted = 0, drafted = 0;
        foreach ((string name, GenerationOptions options) in Cases(s_greedy))
        {
            foreach (string prompt in new[] { "abcabcab", "the cat the dog the" })
            {
                Usage usage = await ShouldBeAlike(model, prompt, options, speculation, $"{kind}, {name}, {prompt}");
                (drafted, accepted) = (drafted + usage.DraftedTokens, accepted + usage.AcceptedTokens);
            }
        }
        accepted.ShouldBeGreaterThan(0);
        drafted.ShouldBeGreaterThan(accepted);
    }

    /// <summary>A lookup leaves even the draws of a seed as they are.</summary>
    [Fact]
    public async Task CompleteAsync_LookupOfASeed_IsTheSameText()
    {
        using LanguageModel model = Small(3);
        foreach (float temperature in new[] { 0.2f, 1 })
            foreach ((string name, GenerationOptions options) in Cases(s_greedy with { Temperature = temperature, Seed = 4, TopP = 0.9f }))
                await ShouldBeAlike(model, "abcabcab", options, Make("lookup of one", model), $"{name}, {temperature}");
    }

    /// <summary>Drafts that are drawn: a seed's text is another one, but always the same.</summary>
    [Theory, InlineData("early exit"), InlineData("draft as it pays")]
    public async Task CompleteAsync_DrawnDrafts_AreTheSameForASeed(string kind)
    {
        using LanguageModel model = Small(3), draft = Small(1);
        GenerationOptions options = s_greedy with { Temperature = 0.9f, Seed = 3, Speculation = Make(kind, draft) };
        int[] first = Ids(await Collect(model.CompleteAsync("abcabc", options)));
        Ids(await Collect(model.CompleteAsync("abcabc", options))).ShouldBe(first);
        foreach ((string name, GenerationOptions other) in Cases(options)) (await Collect(model.CompleteAsync("abc", other)))[^1].FinishReason.ShouldNotBeNull(name);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task CompleteAsync_ShippedModel_WritesTheSameIds(string kind)
    {
        LanguageModel model = shipped.Model;
        const string story = "Once upon a time, there lived a quiet fox named Molly in the garden. Her friend was Harry. Once upon a time, there lived a";
        Usage usage = await ShouldBeAlike(model, story, s_greedy with { MaxTokens = 100 }, Make(kind, model), kind);
        if (kind == "draft") usage.AcceptedTokens.ShouldBe(usage.DraftedTokens, "a model that drafts for itself is always right");
        usage.CompletionTokens.ShouldBe(100);
    }

    /// <summary>Layers that keep the latest tokens alone can be cut back as far as a draft goes; angles that go by a call's length must not be drafted over.</summary>
    [Theory, InlineData("rolling"), InlineData("ntk"), InlineData("longrope"), InlineData("alibi"), InlineData("top-k"), InlineData("longformer"), InlineData("bigbird"), InlineData("encoder")]
    public async Task CompleteAsync_UnusualModels_WriteTheSame(string name)
    {
        ModelConfig config = Config(2) with { MaxSeqLen = 900 };
        config = name switch
        {
            "rolling" => config with { Window = 12, WindowEvery = 2 },
            "ntk" => config with { RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 4, 40) },
            "longrope" => config with { RopeScaling = new RopeScaling(RopeScalingKind.LongRope, 4, 40) { ShortFactors = [1, 1, 1, 1], LongFactors = [1, 2, 3, 4] } },
            "alibi" => config with { Positions = PositionKind.Alibi, LogitSoftCap = 3 },
            "top-k" => config with { AttentionTopK = 5 },
            "longformer" => config with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 6, GlobalTokens = 12 },
            "bigbird" => config with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 2, BigBirdWindow = 3, BigBirdGlobal = 1, BigBirdRandom = 1 },
            _ => config.WithEncoder(),
        };
        CharacterTokenizer tokenizer = CharacterTokenizer.Train(Letters, new CharacterTokenizerOptions { SpecialTokens = ["<s>"], Bos = "<s>" });
        using LanguageModel model = new(MixerModels.Make(config), tokenizer), draft = new(MixerModels.Make(config), tokenizer);
        GenerationOptions options = s_greedy with { MaxTokens = name == "rolling" ? 500 : 120 };
        if (name == "encoder") Should.Throw<NotSupportedException>(() => new DraftModel(draft)).Message.ShouldContain("encoder");
        foreach (string kind in name == "encoder" ? ["lookup of one", "early exit"] : new[] { "lookup of one", "early exit", "draft" }) await ShouldBeAlike(model, "abcabcab", options, Make(kind, draft), $"{name}, {kind}");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task SendAsync_SeveralTurns_AnswersAsWithout(string kind)
    {
        using LanguageModel model = Small(3), draft = Small(1);
        using Conversation plain = model.StartConversation("be brief"), quick = model.StartConversation("be brief");
        Speculation speculation = Make(kind, draft);
        foreach (string message in new[] { "hello hello hello", "and now?", "hello hello" })
        {
            GenerationOptions options = s_greedy with { MaxTokens = 30 };
            List<CompletionPiece> expected = await Collect(plain.SendAsync(message, options)), got = await Collect(quick.SendAsync(message, options with { Speculation = speculation }));
            Ids(got).ShouldBe(Ids(expected));
            got[^1].Usage!.CachedTokens.ShouldBe(expected[^1].Usage!.CachedTokens);
        }
    }

    [Fact]
    public void CompleteAsync_WhatCannotDraft_IsRefused()
    {
        using LanguageModel model = Small(3), mamba = new(MixerModels.Make(MixerModels.ConfigOf("mamba") with { VocabSize = 90 }), CharacterTokenizer.Train("abc"));
        using LanguageModel other = new(MixerModels.Make(Config(1)), CharacterTokenizer.Train(Letters.Replace('}', '~')));
        Should.Throw<NotSupportedException>(() => mamba.CompleteAsync("abc", s_greedy with { Speculation = new PromptLookup() })).Message.ShouldContain("Mamba");
        Should.Throw<NotSupportedException>(() => new DraftModel(mamba)).Message.ShouldContain("Mamba");
        Should.Throw<ArgumentException>(() => model.CompleteAsync("abc", s_greedy with { Speculation = new DraftModel(other) })).Message.ShouldContain("'~' to the draft model and '}' to the model");
        Should.Throw<ArgumentException>(() => model.CompleteAsync("abc", s_greedy with { Speculation = new DraftModel(shipped.Model) })).Message.ShouldContain("2048 tokens");
        Should.Throw<ArgumentException>(() => model.CompleteAsync("abc", s_greedy with { Speculation = new EarlyExit(3) })).Message.ShouldContain("expected 1 to 2");
    }

    [Fact]
    public async Task Dispose_OfTheDraftModel_EndsTheText()
    {
        using LanguageModel model = Small(3);
        LanguageModel draft = Small(1);
        GenerationOptions endless = s_greedy with { MaxTokens = null, Overflow = ContextOverflow.Slide, Speculation = Make("draft", draft) };
        int pieces = 0;
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (CompletionPiece piece in model.CompleteAsync("abc", endless))
                if (++pieces == 3) await Task.Run(draft.Dispose).WaitAsync(TimeSpan.FromSeconds(60));
        });
        await Should.ThrowAsync<ObjectDisposedException>(() => Collect(model.CompleteAsync("abc", endless)));
        Ids(await Collect(model.CompleteAsync("abc", s_greedy))).Length.ShouldBe(60);
    }

    [Fact]
    public void Forward_ToADepth_IsAModelOfTheFirstBlocks()
    {
        ModelConfig config = Config(3);
        Transformer whole = new(config, new RandomWeights(3, 3)), first = new(config with { NumLayers = 2 }, new RandomWeights(3, 3));
        first.Forward([1, 2, 3]).ToArray().ShouldNotBe(whole.Forward([1, 2, 3]).ToArray());
        foreach ((string name, Parameter parameter) in first.Parameters.Select(parameter => (parameter.Name, parameter)))
            parameter.Value.Assign(whole.Parameters.Single(other => other.Name == name).Value);
        float[] expected = first.Forward([1, 2, 3]).ToArray();
        whole.Forward([1, 2, 3], depth: 2).ToArray().ShouldBe(expected);
        using KvCache cache = whole.CreateCache();
        whole.Forward([1, 2], cache);
        whole.Forward([3], cache, depth: 2).ToArray().ShouldBe(expected);
        cache.Truncate(0, 2);
        whole.Forward([3], cache).ToArray().ShouldBe(whole.Forward([1, 2, 3]).ToArray());
        whole.Forward([1, 2, 3], depth: 3).ToArray().ShouldBe(whole.Forward([1, 2, 3]).ToArray());
        foreach (int depth in new[] { -1, 4 }) Should.Throw<ArgumentOutOfRangeException>(() => whole.Forward([1], depth: depth)).Message.ShouldContain("expected 1 to 3");
    }

    private static IEnumerable<(string Name, GenerationOptions Options)> Cases(GenerationOptions options)
    {
        yield return ("plain", options);
        foreach (int most in new[] { 0, 1, 2, 7 }) yield return ($"{most} tokens", options with { MaxTokens = most });
        yield return ("scores", options with { TopLogProbabilities = 2, EchoPrompt = true });
        yield return ("penalties", options with { RepetitionPenalty = 1.3f, FrequencyPenalty = 0.4f, PenaltyWindow = 5 });
        yield return ("bans and biases", options with { BannedTokens = [3, 4], LogitBias = new Dictionary<int, float> { [7] = 2 } });
        yield return ("end tokens", options with { IgnoreEndTokens = false });
        yield return ("stop tokens", options with { StopTokens = [5, 9, 20, 33] });
        yield return ("stop texts", options with { StopStrings = ["a", "T", "zz", "3"] });
        yield return ("grammar", options with { Grammar = Grammar.FromRegex("(abc|the cat|[A-F]{3,9} ?)+!") });
        yield return ("json", options with { Grammar = Grammar.FromRegex("(\\{\"name\": [0-9]{2}, \"other\": [0-9]{3}\\} ){4}"), MaxTokens = 200 });
        yield return ("a full context", options with { MaxTokens = 400 });
        yield return ("a context that slides", options with { MaxTokens = 300, Overflow = ContextOverflow.Slide });
    }

    private static async Task<Usage> ShouldBeAlike(LanguageModel model, string prompt, GenerationOptions options, Speculation speculation, string what)
    {
        List<CompletionPiece> plain = await Collect(model.CompleteAsync(prompt, options)), quick = await Collect(model.CompleteAsync(prompt, options with { Speculation = speculation }));
        Ids(quick).ShouldBe(Ids(plain), what);
        quick.Select(piece => piece.Text).ShouldBe(plain.Select(piece => piece.Text), what);
        quick.SelectMany(piece => piece.LogProbabilities).ShouldBe(plain.SelectMany(piece => piece.LogProbabilities), what);
        quick.SelectMany(piece => piece.TopLogProbabilities.SelectMany(top => top)).ShouldBe(plain.SelectMany(piece => piece.TopLogProbabilities.SelectMany(top => top)), what);
        quick[^1].FinishReason.ShouldBe(plain[^1].FinishReason, what);
        (Usage expected, Usage usage) = (plain[^1].Usage!, quick[^1].Usage!);
        (usage.PromptTokens, usage.CompletionTokens).ShouldBe((expected.PromptTokens, expected.CompletionTokens), what);
        (expected.DraftedTokens, expected.AcceptedTokens).ShouldBe((0, 0));
        return usage;
    }

    private static Speculation Make(string kind, LanguageModel draft) => kind switch
    {
        "lookup" => new PromptLookup(),
        "lookup of one" => new PromptLookup { ShortestMatch = 1, MaxDraftTokens = 9, AlwaysDrafts = true },
        "early exit" => new EarlyExit(1) { MaxDraftTokens = 4, AlwaysDrafts = true },
        "early exit as it pays" => new EarlyExit(2),
        "draft" => new DraftModel(draft) { MaxDraftTokens = 5, AlwaysDrafts = true },
        _ => new DraftModel(draft),
    };

    private static ModelConfig Config(int layers) => TinyRun.Config with { NumLayers = layers, VocabSize = 90, MaxSeqLen = 200 };

    private static LanguageModel Small(int layers) => new(MixerModels.Make(Config(layers)), CharacterTokenizer.Train(Letters));

    private static int[] Ids(IEnumerable<CompletionPiece> pieces) => [.. pieces.SelectMany(piece => piece.TokenIds)];

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }
}
