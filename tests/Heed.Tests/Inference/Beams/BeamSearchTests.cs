using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Inference.Drafting;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Models;

namespace Heed.Tests.Inference.Beams;

/// <summary>What a search has to do with the rest: greedy texts, log-probabilities, stops, bans, grammars, caches, errors.</summary>
public sealed class BeamSearchTests : IClassFixture<LanguageModelTests.Shipped>
{
    private readonly LanguageModel _model;

    public BeamSearchTests(LanguageModelTests.Shipped shipped) => _model = shipped.Model;

    [Theory]
    [InlineData("Once upon a time", 40)]
    [InlineData("", 30)]
    [InlineData("The cat", 300)]
    public async Task SearchAsync_OneBeam_IsGreedy(string prompt, int most)
    {
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = most, LogProbabilities = true };
        List<CompletionPiece> greedy = await Collect(_model.CompleteAsync(prompt, options));
        BeamHypothesis text = (await _model.SearchAsync(prompt, new BeamOptions { Beams = 1 }, options)).Hypotheses.ShouldHaveSingleItem();
        text.TokenIds.ShouldBe(greedy.SelectMany(piece => piece.TokenIds));
        text.Text.ShouldBe(string.Concat(greedy.Select(piece => piece.Text)));
        text.LogProbabilities.ShouldBe(greedy.SelectMany(piece => piece.LogProbabilities), "to the last bit");
        text.FinishReason.ShouldBe(greedy[^1].FinishReason!.Value);
    }

    /// <summary>Scores are made of the numbers that the model gives anyone who asks how likely a text is.</summary>
    [Fact]
    public async Task SearchAsync_Scores_AreThoseThatAnEchoGives_ToTheBit()
    {
        int[] prompt = _model.Tokenizer.Encode("Once upon a time there was");
        BeamOptions beams = new() { Beams = 5, ReturnCount = 5, LengthPenalty = 0.7 };
        BeamResult result = await _model.SearchAsync(prompt, beams, new GenerationOptions { MaxTokens = 20 });
        result.Hypotheses.Count.ShouldBe(5);
        foreach (BeamHypothesis text in result.Hypotheses)
        {
            int[] all = [.. prompt, .. text.TokenIds];
            CompletionPiece echo = (await Collect(_model.CompleteAsync(all, new GenerationOptions { MaxTokens = 0, EchoPrompt = true, LogProbabilities = true })))[0];
            text.LogProbabilities.ShouldBe(echo.LogProbabilities.Skip(prompt.Length));
            text.LogProbability.ShouldBe(text.LogProbabilities.Aggregate(0.0, (sum, value) => sum + value));
            text.Score.ShouldBe(text.LogProbability / BeamModels.LengthPenalty(text.TokenIds.Count, 0.7));
        }
        result.Hypotheses.Select(text => text.Score).ShouldBeInOrder(SortDirection.Descending);
        result.Hypotheses.Select(text => string.Join(' ', text.TokenIds)).Distinct().Count().ShouldBe(5);
        result.Usage.PromptTokens.ShouldBe(prompt.Length);
        result.Usage.CompletionTokens.ShouldBe(result.Hypotheses.Sum(text => text.TokenIds.Count));
    }

    [Fact]
    public async Task SearchAsync_MoreBeams_FindLikelierTexts()
    {
        double last = double.NegativeInfinity;
        foreach (int beams in new[] { 1, 8 })
        {
            BeamResult result = await _model.SearchAsync("The little dog", new BeamOptions { Beams = beams, LengthPenalty = 0 }, new GenerationOptions { MaxTokens = 16, IgnoreEndTokens = true });
            result.Hypotheses[0].LogProbability.ShouldBeGreaterThan(last);
            last = result.Hypotheses[0].LogProbability;
        }
    }

    [Fact]
    public async Task SearchAsync_OnAnyNumberOfThreads_GivesTheSameBits()
    {
        BeamResult[] results = await Task.WhenAll(new[] { 1, 2, 3 }.Select(async threads =>
        {
            using LanguageModel model = LanguageModel.Load(LanguageModelTests.Shipped.Path, new LoadOptions { Threads = threads });
            return await model.SearchAsync("Once upon a time", new BeamOptions { Beams = 6, ReturnCount = 6, Groups = 2, DiversityPenalty = 0.5 }, new GenerationOptions { MaxTokens = 24 });
        }));
        foreach (BeamResult result in results[1..])
        {
            result.Hypotheses.Select(text => text.Score).ShouldBe(results[0].Hypotheses.Select(text => text.Score));
            result.Hypotheses.Select(text => text.Text).ShouldBe(results[0].Hypotheses.Select(text => text.Text));
        }
    }

    [Fact]
    public async Task SearchAsync_DiversityPenalty_MakesGroupsPart()
    {
        GenerationOptions options = new() { MaxTokens = 12, IgnoreEndTokens = true };
        BeamOptions beams = new() { Beams = 4, ReturnCount = 4, Groups = 4, DiversityPenalty = 50 };
        BeamResult apart = await _model.SearchAsync("Once", beams, options);
        apart.Hypotheses.Select(text => text.TokenIds[0]).Distinct().Count().ShouldBe(4);
        BeamResult alike = await _model.SearchAsync("Once", beams with { DiversityPenalty = 0 }, options);
        alike.Hypotheses.Count.ShouldBe(1, "each group finds the same text, which comes once");
    }

    [Fact]
    public async Task SearchAsync_StopText_EndsATextThere()
    {
        GenerationOptions options = new() { MaxTokens = 30, IgnoreEndTokens = true };
        BeamOptions beams = new() { Beams = 3, ReturnCount = 3, Stopping = BeamStopping.AtBound };
        string whole = (await _model.SearchAsync("Once upon a time", beams, options)).Hypotheses[0].Text;
        string stop = whole.Substring(whole.Length / 3, 3);
        BeamResult result = await _model.SearchAsync("Once upon a time", beams, options with { StopStrings = [stop] });
        result.Hypotheses.ShouldContain(text => text.FinishReason == FinishReason.Stop);
        foreach (BeamHypothesis text in result.Hypotheses)
        {
            text.Text.ShouldNotContain(stop);
            _model.Tokenizer.Decode([.. text.TokenIds]).Contains(stop, StringComparison.Ordinal).ShouldBe(text.FinishReason == FinishReason.Stop);
        }
    }

    [Fact]
    public async Task SearchAsync_BansBiasesAndPenalties_CountAsInSampling()
    {
        using LanguageModel model = BeamModels.Tiny(5, 4);
        int[] prompt = [0, 1, 2];
        GenerationOptions options = new() { MaxTokens = 4, BannedTokens = [3], LogitBias = new Dictionary<int, float> { [1] = -0.7f }, RepetitionPenalty = 1.3f, FrequencyPenalty = 0.2f, PenaltyWindow = 4 };
        double[] Next(int[] tokens)
        {
            int[] text = [.. prompt, .. tokens];
            float[] logits = BeamModels.Logits(model, text);
            logits[1] -= 0.7f;
            logits[3] = float.NegativeInfinity;
            foreach (IGrouping<int, int> group in text.TakeLast(4).GroupBy(token => token))
                logits[group.Key] = (logits[group.Key] > 0 ? logits[group.Key] / 1.3f : logits[group.Key] * 1.3f) - 0.2f * group.Count();
            return BeamModels.LogSoftmax(logits);
        }
        List<(int[] Tokens, double Score)> all = BeamModels.All(Next, 4, -1, 0.6);
        BeamResult result = await BeamModels.Search(model, prompt, new BeamOptions { Beams = 700, ReturnCount = 5 }, options);
        for (int i = 0; i < 5; i++)
        {
            result.Hypotheses[i].TokenIds.ShouldBe(all[i].Tokens);
            result.Hypotheses[i].Score.ShouldBe(all[i].Score, 1e-5);
            double plain = 0;
            for (int t = 0; t < 4; t++) plain += BeamModels.LogSoftmax(BeamModels.Logits(model, [.. prompt, .. all[i].Tokens[..t]]))[all[i].Tokens[t]];
            result.Hypotheses[i].LogProbability.ShouldBe(plain, 1e-5, "the model's own");
        }
    }

    [Fact]
    public async Task SearchAsync_Grammar_HoldsForEveryText()
    {
        BeamOptions beams = new() { Beams = 6, ReturnCount = 6, Stopping = BeamStopping.AtBound };
        BeamResult result = await _model.SearchAsync("Once", beams, new GenerationOptions { MaxTokens = 40, Grammar = Grammar.FromRegex("(red|blue|green) (ball|hat)s?[.]") });
        result.Hypotheses.Count.ShouldBeGreaterThan(3);
        foreach (BeamHypothesis text in result.Hypotheses)
        {
            text.Text.ShouldMatch("^(red|blue|green) (ball|hat)s?[.]$");
            text.FinishReason.ShouldBe(FinishReason.EndToken);
        }
    }

    /// <summary>Beams share the prompt's blocks and what they have in common after it.</summary>
    [Fact]
    public async Task Run_BeamsAfterALongPrompt_TakeTheMemoryOfTheirDifferences()
    {
        ModelConfig config = CachedModels.Config with { NumLayers = 2, VocabSize = 8 };
        using LanguageModel model = BeamModels.Tiny(8, 3, config);
        int[] prompt = [.. Enumerable.Range(0, 640).Select(i => i * i % 7)];
        using KvCache alone = model.Transformer.CreatePagedCache();
        await Task.Run(() => model.Transformer.Forward(prompt, alone));
        long block = alone.UsedBytes / 10;
        BeamSearch search = new(new WritingModel(model.Transformer, model.Tokenizer, new HashSet<int>(), new(() => VocabularyTrie.Of(model.Tokenizer))), new BeamOptions { Beams = 8 }, new GenerationOptions { MaxTokens = 40 }, 1100, KvCacheType.F32);
        search.Run(prompt, null, default).Hypotheses[0].TokenIds.Count.ShouldBe(40);
        search.MostBytes.ShouldBeGreaterThan(11 * block);
        search.MostBytes.ShouldBeLessThanOrEqualTo((10 + 8) * block, "the prompt's ten blocks once, and one for each beam");
    }

    /// <summary>Caches that copy rows find what a search finds that reads every text anew.</summary>
    [Theory]
    [InlineData("mamba")]
    [InlineData("hard")]
    [InlineData("local")]
    [InlineData("rolling")]
    [InlineData("longformer")]
    public async Task SearchAsync_OtherCaches_FindTheBestOfAllTexts(string name)
    {
        bool mixes = name is "mamba" or "hard" or "local";
        ModelConfig config = (mixes ? MixerModels.ConfigOf(name) : CachedModels.ConfigOf(name)) with { VocabSize = 4 };
        using LanguageModel model = mixes ? new LanguageModel(MixerModels.Make(config), BeamModels.Letters(4)) : BeamModels.Tiny(4, 5, config);
        int[] prompt = [0, 1, 2, 1];
        List<(int[] Tokens, double Score)> all = BeamModels.All(tokens => BeamModels.LogSoftmax(BeamModels.Logits(model, [.. prompt, .. tokens])), 3, -1, 0);
        BeamResult result = await BeamModels.Search(model, prompt, new BeamOptions { Beams = 64, ReturnCount = 4, LengthPenalty = 0 }, new GenerationOptions { MaxTokens = 3 });
        result.Hypotheses.Select(text => string.Join(' ', text.TokenIds)).ShouldBe(all.Take(4).Select(text => string.Join(' ', text.Tokens)));
    }

    [Fact]
    public async Task SearchAsync_EncoderAndDecoder_FindsTheBestOfAllTexts()
    {
        ModelConfig config = (CachedModels.Config with { NumLayers = 2, MaxSeqLen = 64, VocabSize = 5 }).WithEncoder();
        Heed.Tokenizers.CharacterTokenizer tokenizer = Heed.Tokenizers.CharacterTokenizer.Train("abc", new() { SpecialTokens = ["</s>"], Eos = "</s>" });
        using LanguageModel model = new(BeamModels.Strong(config, 2), tokenizer);
        int end = tokenizer.EosId!.Value;
        int[] source = [0, 2, 1];
        double[] Next(int[] tokens) => BeamModels.LogSoftmax(model.Transformer.Forward([end, .. tokens], sources: new SourceRows([.. source, end])).ToArray());
        List<(int[] Tokens, double Score)> all = BeamModels.All(Next, 3, end, 0.6);
        BeamResult result = await BeamModels.Search(model, source, new BeamOptions { Beams = 125, ReturnCount = 6 }, new GenerationOptions { MaxTokens = 3 });
        for (int i = 0; i < 6; i++)
        {
            result.Hypotheses[i].TokenIds.ShouldBe(all[i].Tokens);
            result.Hypotheses[i].Score.ShouldBe(all[i].Score, 1e-5);
        }
        result.Usage.PromptTokens.ShouldBe(4);
    }

    /// <summary>Tokens that are equally likely come in the order of their ids, and beams in their own.</summary>
    [Fact]
    public async Task SearchAsync_Ties_GoToLowerBeamsAndTokens()
    {
        using LanguageModel model = new(new Transformer(new ModelConfig { HiddenSize = 8, IntermediateSize = 8, NumLayers = 1, NumHeads = 1, VocabSize = 4, MaxSeqLen = 16 }, new RandomWeights(1, 1)), BeamModels.Letters(4));
        foreach (Parameter parameter in model.Transformer.Parameters) parameter.Value.Assign(parameter.Value * 0f);
        BeamResult result = await BeamModels.Search(model, [0], new BeamOptions { Beams = 6, ReturnCount = 6 }, new GenerationOptions { MaxTokens = 2 });
        result.Hypotheses.Select(text => string.Join(' ', text.TokenIds)).ShouldBe(["0 0", "0 1", "0 2", "0 3", "1 0", "1 1"]);
        result.Hypotheses[0].Score.ShouldBe(2 * Math.Log(0.25) / BeamModels.LengthPenalty(2, 0.6), 1e-6);
    }

    [Fact]
    public async Task SearchAsync_Bounds_EndTextsAsAGenerationDoes()
    {
        BeamHypothesis none = (await _model.SearchAsync("Once", null, new GenerationOptions { MaxTokens = 0 })).Hypotheses.ShouldHaveSingleItem();
        (none.Text, none.TokenIds.Count, none.Score, none.FinishReason).ShouldBe(("", 0, 0, FinishReason.MaxTokens));
        using LanguageModel model = BeamModels.Tiny(5, 1, new ModelConfig { HiddenSize = 8, IntermediateSize = 8, NumLayers = 1, NumHeads = 1, VocabSize = 5, MaxSeqLen = 6 });
        BeamHypothesis full = (await BeamModels.Search(model, [0, 1, 2], new BeamOptions(), new GenerationOptions())).Hypotheses[0];
        (full.TokenIds.Count, full.FinishReason).ShouldBe((4, FinishReason.ContextFull));
        await Should.ThrowAsync<ContextOverflowException>(() => BeamModels.Search(model, [0, 1, 2, 0, 1, 2, 0], new BeamOptions(), new GenerationOptions()));
        (await BeamModels.Search(model, [0, 1, 2, 0, 1, 2, 0], new BeamOptions(), new GenerationOptions { Overflow = ContextOverflow.Slide })).Usage.PromptTokens.ShouldBe(3);
    }

    [Fact]
    public async Task SearchAsync_WhatItCannotDo_IsAClearError()
    {
        async Task<string> Refused<T>(BeamOptions beams, GenerationOptions options) where T : Exception =>
            (await Should.ThrowAsync<T>(() => _model.SearchAsync("x", beams, options))).Message;
        (await Refused<ArgumentOutOfRangeException>(new() { Beams = 0 }, new())).ShouldContain("Beams is 0; expected 1 to 4096");
        (await Refused<ArgumentOutOfRangeException>(new() { Beams = int.MaxValue }, new())).ShouldContain("expected 1 to 4096");
        (await Refused<ArgumentOutOfRangeException>(new() { ReturnCount = 5 }, new())).ShouldContain("ReturnCount is 5; expected 1 to 4");
        (await Refused<ArgumentOutOfRangeException>(new() { Groups = 3 }, new())).ShouldContain("Groups is 3; expected a divisor of 4");
        (await Refused<ArgumentOutOfRangeException>(new() { DiversityPenalty = 1 }, new())).ShouldContain("expected 0 where there is one group");
        (await Refused<ArgumentOutOfRangeException>(new() { LengthPenalty = double.NaN }, new())).ShouldContain("expected a finite number");
        (await Refused<ArgumentOutOfRangeException>(new(), new() { BannedTokens = [1 << 30] })).ShouldContain("not in the vocabulary");
        (await Refused<NotSupportedException>(new(), new() { Steps = [] })).ShouldContain("Steps");
        (await Refused<NotSupportedException>(new(), new() { EchoPrompt = true })).ShouldContain("EchoPrompt");
        (await Refused<NotSupportedException>(new(), new() { Speculation = new PromptLookup() })).ShouldContain("Speculation");
        (await Refused<NotSupportedException>(new(), new() { TopLogProbabilities = 1 })).ShouldContain("TopLogProbabilities");
        (await Refused<NotSupportedException>(new(), new() { Speculation = new Heed.Inference.Drafting.PromptLookup() })).ShouldContain("Speculation");
        using LanguageModel tiny = BeamModels.Tiny(3, 1);
        (await Should.ThrowAsync<ArithmeticException>(() => BeamModels.Search(tiny, [0], new(), new() { LogitBias = Enumerable.Range(0, 3).ToDictionary(i => i, _ => float.NegativeInfinity) }))).Message.ShouldContain("no text is left");
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => BeamModels.Search(tiny, [7], new(), new()));
    }

    [Fact]
    public async Task SearchAsync_CancelledOrDisposed_EndsAndFreesTheModel()
    {
        LanguageModel model = LanguageModel.Load(LanguageModelTests.Shipped.Path);
        using CancellationTokenSource source = new();
        Stopper stopper = new(source);
        await Should.ThrowAsync<OperationCanceledException>(() => model.SearchAsync("Once", null, new GenerationOptions { IgnoreEndTokens = true }, stopper, source.Token));
        stopper.Last.Tokens.ShouldBe(3);
        stopper.Last.Open.ShouldBe(4);
        Task<BeamResult> endless = model.SearchAsync("Once", new BeamOptions { Beams = 16 }, new GenerationOptions { IgnoreEndTokens = true });
        model.Dispose();
        await Should.ThrowAsync<OperationCanceledException>(() => endless.WaitAsync(TimeSpan.FromSeconds(60)));
        Should.Throw<ObjectDisposedException>(() => { _ = model.SearchAsync("x"); });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(100)]
    public void LikeliestTokens_AreThoseOfASort(int count)
    {
        Random random = new(count);
        for (int length = 1; length < 120; length++)
        {
            float[] logits = [.. Enumerable.Range(0, length).Select(_ => random.Next(4) == 0 ? float.NegativeInfinity : random.Next(-20, 20))];
            int[] expected = [.. Enumerable.Range(0, length).Where(i => logits[i] > float.NegativeInfinity).OrderByDescending(i => logits[i]).ThenBy(i => i).Take(count)];
            new LikeliestTokens(count).Find(logits).ToArray().ShouldBe(expected);
        }
    }

    [DataFact("weights/stories260K/stories260K.bin")]
    public async Task SearchAsync_Stories260K_FindsLikelierTextThanGreedy()
    {
        using LanguageModel model = LanguageModel.Load(TestData.Get("weights/stories260K/stories260K.bin"));
        GenerationOptions options = new() { MaxTokens = 60 };
        BeamHypothesis greedy = (await model.SearchAsync("Once upon a time", new BeamOptions { Beams = 1 }, options)).Hypotheses[0];
        BeamResult result = await model.SearchAsync("Once upon a time", new BeamOptions { Beams = 8, ReturnCount = 8, LengthPenalty = 0 }, options);
        result.Hypotheses[0].LogProbability.ShouldBeGreaterThan(greedy.LogProbability);
        result.Hypotheses[0].Text.ShouldContain("there was a little");
    }

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }

    private sealed class Stopper(CancellationTokenSource source) : IProgress<BeamProgress>
    {
        public BeamProgress Last { get; private set; }

        public void Report(BeamProgress value)
        {
            Last = value;
            if (value.Tokens == 3) source.Cancel();
        }
    }
}
