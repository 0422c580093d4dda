using System.Text.Json;
using System.Text.RegularExpressions;
using Heed.Inference;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Tests.Tokenizers;
using Heed.Tokenizers;

namespace Heed.Tests.Inference.Grammars;

/// <summary>Grammars in generation: every kind of vocabulary, ends, cuts, and the model that ships.</summary>
public sealed class GrammarGenerationTests
{
    private const string Schema = """
        {"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":130},
        "tags":{"type":"array","items":{"enum":["hello","world","é日本🙂"]},"maxItems":3},"more":{"anyOf":[{"type":"null"},{"type":"boolean"}]}},
        "required":["name","age","tags","more"],"additionalProperties":false}
        """;

    private static readonly string s_shipped = Directory.GetDirectories(Path.Combine(TestData.Repository, "models")).Single();

    [Fact]
    public async Task CompleteAsync_OfEveryKindOfVocabulary_GivesValidTexts()
    {
        Grammar schema = Grammar.FromSchema(Schema), regex = Grammar.FromRegex("(hello|world| the){2,4} é[a-z]{3}");
        foreach ((string name, Tokenizer tokenizer) in SmallVocabularies.All())
        {
            using LanguageModel model = Tiny(tokenizer);
            for (ulong seed = 0; seed < 2; seed++)
                foreach (string prompt in new[] { "", "hello" })
                {
                    GenerationOptions options = new() { Seed = seed, Temperature = 1.5f, TopP = 1, MaxTokens = 400, Grammar = schema };
                    (string text, FinishReason reason) = await Text(model, prompt, options);
                    reason.ShouldBe(FinishReason.EndToken, name);
                    SchemaValidator.IsValid(Schema, text).ShouldBeTrue($"{name}: {text}");
                    (text, reason) = await Text(model, prompt, options with { Grammar = regex });
                    reason.ShouldBe(FinishReason.EndToken, name);
                    Regex.IsMatch(text, "\\A(hello|world| the){2,4} é[a-z]{3}\\z").ShouldBeTrue($"{name}: '{text}'");
                }
        }
    }

    [Fact]
    public async Task CompleteAsync_Cut_SaysSo_AndIsTheBeginningOfAText()
    {
        using LanguageModel model = Tiny(SmallVocabularies.ByteLevel());
        GenerationOptions options = new() { Seed = 3, Temperature = 1.5f, TopP = 1, MaxTokens = 400, Grammar = Grammar.FromSchema(Schema) };
        (string whole, FinishReason reason) = await Text(model, "hello", options);
        reason.ShouldBe(FinishReason.EndToken);
        (string cut, reason) = await Text(model, "hello", options with { MaxTokens = 5 });
        reason.ShouldBe(FinishReason.MaxTokens);
        whole.ShouldStartWith(cut.TrimEnd('\uFFFD'));
    }

    [Fact]
    public async Task CompleteAsync_EndToken_ComesOnlyWhereTheTextMayEnd()
    {
        Tokenizer tokenizer = SmallVocabularies.ByteLevel();
        using LanguageModel model = Tiny(tokenizer);
        Grammar grammar = Grammar.FromRegex("a{3,6}");
        HashSet<int> lengths = [];
        int ends = 0;
        for (ulong seed = 0; seed < 60; seed++)
        {
            GenerationOptions options = new() { Seed = seed, Temperature = 2, TopP = 1, Grammar = grammar };
            List<CompletionPiece> pieces = await Collect(model.CompleteAsync("hello", options));
            string text = string.Concat(pieces.Select(piece => piece.Text));
            Regex.IsMatch(text, "\\Aa{3,6}\\z").ShouldBeTrue(text);
            lengths.Add(text.Length);
            if (tokenizer.StopIds.Contains(pieces.SelectMany(piece => piece.TokenIds).Last())) ends++;
            // Past the end tokens it goes on until nothing can follow.
            (text, FinishReason reason) = await Text(model, "hello", options with { IgnoreEndTokens = true });
            text.ShouldBe("aaaaaa");
            reason.ShouldBe(FinishReason.EndToken);
        }
        lengths.Count.ShouldBeGreaterThan(1);
        ends.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task CompleteAsync_StopTokens_WaitForTheEndToo()
    {
        Tokenizer tokenizer = SmallVocabularies.ByteLevel();
        using LanguageModel model = Tiny(tokenizer);
        int a = tokenizer.Encode("a", addSpecial: false)[0], b = tokenizer.Encode("b", addSpecial: false)[0];
        (string text, FinishReason reason) = await Text(model, "hello", new GenerationOptions { Seed = 1, Grammar = Grammar.FromRegex("a?c"), StopTokens = [a, b] });
        text.ShouldBe("c");
        reason.ShouldBe(FinishReason.EndToken);
    }

    [Fact]
    public async Task CompleteAsync_VocabularyThatCannotSpellIt_SaysSo()
    {
        Tokenizer tokenizer = CharacterTokenizer.Train("abc");
        using LanguageModel model = Tiny(tokenizer);
        (await Text(model, "a", new GenerationOptions { Seed = 1, Grammar = Grammar.FromRegex("x|ab") })).Text.ShouldBe("ab");
        await Should.ThrowAsync<GrammarException>(() => Text(model, "a", new GenerationOptions { Grammar = Grammar.FromRegex("xyz") }));
    }

    [Fact]
    public async Task CompleteAsync_LogProbabilities_AreThoseWithoutTheGrammar()
    {
        using LanguageModel model = Tiny(SmallVocabularies.ByteLevel());
        List<CompletionPiece> pieces = await Collect(model.CompleteAsync("hello", new GenerationOptions { Seed = 1, LogProbabilities = true, Grammar = Grammar.FromRegex("abc") }));
        pieces.SelectMany(piece => piece.LogProbabilities).Sum().ShouldBeLessThan(-3);
    }

    [Fact]
    public async Task CompleteAsync_SameGrammarInManyGenerationsAtOnce_GivesWhatOneAloneGives()
    {
        using LanguageModel model = LanguageModel.Load(s_shipped);
        Grammar grammar = Grammar.FromSchema(Schema);
        GenerationOptions Options(int seed) => new() { Seed = (ulong)seed, Temperature = 1, MaxTokens = 120, Grammar = grammar };
        string[] together = await Task.WhenAll(Enumerable.Range(0, 6).Select(async seed => (await Text(model, "Once", Options(seed))).Text));
        for (int seed = 0; seed < together.Length; seed++)
        {
            (string text, FinishReason reason) = await Text(model, "Once", Options(seed));
            together[seed].ShouldBe(text);
            if (reason == FinishReason.EndToken) SchemaValidator.IsValid(Schema, text).ShouldBeTrue(text);
        }
    }

    [Fact]
    public async Task ShippedModel_WithSchema_WritesValidJson_AlsoInAConversation()
    {
        using LanguageModel model = LanguageModel.Load(s_shipped);
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 200, Grammar = Grammar.FromSchema(Schema) };
        (string text, FinishReason reason) = await Text(model, "A girl and her tags as JSON: ", options);
        reason.ShouldBe(FinishReason.EndToken);
        SchemaValidator.IsValid(Schema, text).ShouldBeTrue(text);
        using Conversation chat = model.StartConversation();
        List<CompletionPiece> pieces = await Collect(chat.SendAsync("Who are you?", options));
        SchemaValidator.IsValid(Schema, string.Concat(pieces.Select(piece => piece.Text))).ShouldBeTrue();
        (text, reason) = await Text(model, "{", GenerationOptions.Greedy with { MaxTokens = 300, Grammar = Grammar.Json });
        if (reason == FinishReason.EndToken) JsonDocument.Parse(text).Dispose();
        else reason.ShouldBe(FinishReason.MaxTokens);
    }

    [Fact]
    public void Masks_OverTheShippedVocabulary_AreThoseOfEachTokenAlone()
    {
        using LanguageModel model = LanguageModel.Load(s_shipped);
        VocabularyTrie vocabulary = VocabularyTrie.Of(model.Tokenizer);
        foreach (Grammar grammar in new[] { Grammar.Json, Grammar.FromSchema(Schema) })
            for (int seed = 0; seed < 3; seed++) new GrammarWalk(grammar, vocabulary).Make(new Random(seed), 25, checksMasks: true);
    }

    private static LanguageModel Tiny(Tokenizer tokenizer) => new(
        new Transformer(ModelPresets.Find("nano") with { VocabSize = tokenizer.VocabSize + 3, MaxSeqLen = 512 }, new RandomWeights(seed: 1)), tokenizer);

    private static async Task<(string Text, FinishReason Reason)> Text(LanguageModel model, string prompt, GenerationOptions options)
    {
        List<CompletionPiece> pieces = await Collect(model.CompleteAsync(prompt, options));
        return (string.Concat(pieces.Select(piece => piece.Text)), pieces[^1].FinishReason!.Value);
    }

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> stream)
    {
        List<CompletionPiece> pieces = [];
        await foreach (CompletionPiece piece in stream) pieces.Add(piece);
        return pieces;
    }
}
