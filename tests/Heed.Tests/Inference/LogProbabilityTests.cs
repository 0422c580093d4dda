using Heed.Inference;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

/// <summary>Log-probabilities of generated tokens, of others in their place, and of a prompt.</summary>
public sealed class LogProbabilityTests : IClassFixture<LanguageModelTests.Shipped>
{
    private readonly LanguageModel _model;

    public LogProbabilityTests(LanguageModelTests.Shipped shipped) => _model = shipped.Model;

    [Fact]
    public async Task Row37_LogProbabilities_AreThoseOfThePlainSoftmaxWhateverTheSampler()
    {
        GenerationOptions options = new() { Seed = 5, MaxTokens = 20, Temperature = 2, TopK = 30, TopP = 0.9f, RepetitionPenalty = 1.5f, LogProbabilities = true, IgnoreEndTokens = true };
        int[] prompt = _model.Tokenizer.Encode("Once upon a time");
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync(prompt, options));
        int[] all = [.. prompt, .. pieces.SelectMany(piece => piece.TokenIds)];
        float[] got = [.. pieces.SelectMany(piece => piece.LogProbabilities)];
        double[] expected = LogProbabilities(all);
        got.Length.ShouldBe(20);
        for (int i = 0; i < got.Length; i++) ((double)got[i]).ShouldBe(expected[prompt.Length + i], 1e-4);
        got.Min().ShouldBeLessThan(-2, "a hot sampler takes unlikely tokens");
    }

    [Theory]
    [InlineData("Once upon a time there was a little girl who", 5)]
    [InlineData("x", 0)]
    public async Task Row37_Echo_BringsThePromptAndChangesNothing(string prompt, int top)
    {
        GenerationOptions options = new() { Seed = 3, MaxTokens = 8, LogProbabilities = true, TopLogProbabilities = top, IgnoreEndTokens = true };
        List<CompletionPiece> plain = await Collect(_model.CompleteAsync(prompt, options)), pieces = await Collect(_model.CompleteAsync(prompt, options with { EchoPrompt = true }));
        int[] ids = _model.Tokenizer.Encode(prompt);
        CompletionPiece echo = pieces[0];
        echo.IsPrompt.ShouldBeTrue();
        echo.Text.ShouldBe(prompt);
        echo.TokenIds.ShouldBe(ids);
        echo.LogProbabilities[0].ShouldBe(0);
        double[] expected = LogProbabilities(ids);
        echo.LogProbabilities.Count.ShouldBe(ids.Length);
        for (int i = 1; i < ids.Length; i++) ((double)echo.LogProbabilities[i]).ShouldBe(expected[i], 1e-4);
        echo.TopLogProbabilities.Count.ShouldBe(top > 0 ? ids.Length : 0);
        if (top > 0) echo.TopLogProbabilities.Select(place => place.Count).ShouldBe([0, .. Enumerable.Repeat(top, ids.Length - 1)]);
        pieces[1..].ShouldAllBe(piece => !piece.IsPrompt);
        pieces[1..].SelectMany(piece => piece.TokenIds).ShouldBe(plain.SelectMany(piece => piece.TokenIds));
        pieces[1..].SelectMany(piece => piece.LogProbabilities).ShouldBe(plain.SelectMany(piece => piece.LogProbabilities));
        pieces[^1].Usage!.CompletionTokens.ShouldBe(8);
        pieces[^1].Usage!.PromptTokens.ShouldBe(ids.Length);
    }

    /// <summary>Llama's own code cuts an echoed prompt at an end token inside it.</summary>
    [Fact]
    public async Task Row37_Echo_EndTokenInThePrompt_DoesNotCutIt()
    {
        int end = _model.EndTokens.First();
        int[] prompt = [.. _model.Tokenizer.Encode("Once"), end, .. _model.Tokenizer.Encode("there was", addSpecial: false)];
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 2, EchoPrompt = true, LogProbabilities = true, StopTokens = [prompt[^1]], StopStrings = ["there"] };
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync(prompt, options));
        pieces[0].TokenIds.ShouldBe(prompt);
        pieces[0].LogProbabilities.Count.ShouldBe(prompt.Length);
        pieces[0].Text.ShouldContain("there was");
    }

    [Fact]
    public async Task Row37_Echo_PromptThatFillsTheContext_HasAllLogProbabilities()
    {
        using LanguageModel model = LanguageModel.Load(LanguageModelTests.Shipped.Path, new LoadOptions { MaxSeqLen = 12 });
        int[] prompt = [.. _model.Tokenizer.Encode(string.Concat(Enumerable.Repeat("Once upon a time ", 6))).Take(12)];
        foreach (int most in new[] { 0, 1, 5 })
        {
            List<CompletionPiece> pieces = await Collect(model.CompleteAsync(prompt, GenerationOptions.Greedy with { MaxTokens = most, EchoPrompt = true, TopLogProbabilities = 2, IgnoreEndTokens = true }));
            pieces[0].LogProbabilities.Count.ShouldBe(12);
            pieces[0].LogProbabilities.Skip(1).ShouldAllBe(value => value < 0);
            pieces[^1].Usage!.CompletionTokens.ShouldBe(Math.Min(most, 1), "after the last place there is one token to be had, and none to be read");
        }
    }

    [Fact]
    public async Task TopLogProbabilities_AreTheLikeliestInOrder()
    {
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync("Once", GenerationOptions.Greedy with { MaxTokens = 6, TopLogProbabilities = 4, IgnoreEndTokens = true }));
        foreach (CompletionPiece piece in pieces)
        {
            piece.TopLogProbabilities.Count.ShouldBe(piece.TokenIds.Count);
            for (int i = 0; i < piece.TokenIds.Count; i++)
            {
                IReadOnlyList<TokenLogProbability> top = piece.TopLogProbabilities[i];
                top[0].ShouldBe(new TokenLogProbability(piece.TokenIds[i], piece.LogProbabilities[i]), "the greedy choice is the likeliest");
                top.Count.ShouldBe(4);
                top.Select(other => other.LogProbability).ShouldBeInOrder(SortDirection.Descending);
                top.Sum(other => Math.Exp(other.LogProbability)).ShouldBeLessThanOrEqualTo(1 + 1e-6);
            }
        }
        (await Collect(_model.CompleteAsync("Once", GenerationOptions.Greedy with { MaxTokens = 2, LogProbabilities = true }))).ShouldAllBe(piece => piece.TopLogProbabilities.Count == 0);
    }

    [Fact]
    public void TokenScorer_Ties_GoToLowerIds_AndImpossibleTokensAreLeftOut()
    {
        float[] logits = [1, 3, float.NegativeInfinity, 3, 2, 3];
        new TokenScorer(2).Score(logits, 0).Top.Select(token => token.Token).ShouldBe([1, 3]);
        TokenScore all = new TokenScorer(10).Score(logits, 2);
        all.Top.Select(token => token.Token).ShouldBe([1, 3, 5, 4, 0]);
        all.LogProbability.ShouldBe(float.NegativeInfinity);
        all.Top.Sum(token => Math.Exp(token.LogProbability)).ShouldBe(1, 1e-6);
        new TokenScorer(0).Score(logits, 4).Top.ShouldBeEmpty();
        Should.Throw<ArithmeticException>(() => new TokenScorer(0).Score([1, float.NaN], 0)).Message.ShouldContain("the logit of token 1 is NaN");
    }

    [Fact]
    public async Task Conversation_Echo_IsNoPartOfTheAnswer()
    {
        using Conversation chat = _model.StartConversation();
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 6, EchoPrompt = true, LogProbabilities = true };
        await Collect(chat.SendAsync("Hello there", options));
        List<CompletionPiece> second = await Collect(chat.SendAsync("And now?", options));
        second[0].IsPrompt.ShouldBeTrue();
        second[0].LogProbabilities.Count.ShouldBe(second[^1].Usage!.PromptTokens);
        second[^1].Usage!.CachedTokens.ShouldBe(0);
        chat.Messages[^1].Content.ShouldBe(string.Concat(second[1..].Select(piece => piece.Text)).Trim());
        // Without log-probabilities nothing has to be read again.
        List<CompletionPiece> third = await Collect(chat.SendAsync("And then?", options with { LogProbabilities = false }));
        third[0].IsPrompt.ShouldBeTrue();
        third[0].LogProbabilities.ShouldBeEmpty();
        third[^1].Usage!.CachedTokens.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void CompleteAsync_EchoOfASource_IsRefused()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train(["abc"]);
        ModelConfig config = new ModelConfig { HiddenSize = 8, NumLayers = 1, NumHeads = 2, NumKvHeads = 2, IntermediateSize = 8, VocabSize = tokenizer.VocabSize, MaxSeqLen = 16 }.WithEncoder();
        using LanguageModel model = new(new Transformer(config, new RandomWeights(1)), tokenizer);
        Should.Throw<NotSupportedException>(() => model.CompleteAsync("abc", new GenerationOptions { EchoPrompt = true })).Message.ShouldContain("EchoPrompt");
    }

    /// <summary>The log-probability of each token after those before it, in double precision, from one pass without a cache; 0 for the first.</summary>
    private double[] LogProbabilities(int[] tokens)
    {
        int vocabulary = _model.Config.VocabSize;
        float[] logits = _model.Transformer.Forward(tokens, rows: LogitRows.All).ToArray();
        double[] all = new double[tokens.Length];
        for (int i = 1; i < tokens.Length; i++)
        {
            double[] row = [.. logits.Skip((i - 1) * vocabulary).Take(vocabulary).Select(logit => (double)logit)];
            all[i] = row[tokens[i]] - Math.Log(row.Sum(Math.Exp));
        }
        return all;
    }

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }
}
