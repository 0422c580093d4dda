using Heed.Inference;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

public sealed class MaskFillerTests
{
    private static readonly ModelConfig s_config = new() { HiddenSize = 8, NumHeads = 2, NumLayers = 1, IntermediateSize = 16, VocabSize = 400, MaxSeqLen = 16, Bidirectional = true };

    [Fact]
    public void Fill_Probabilities_AreTheSoftmaxOverAllTokens()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("abcd", new CharacterTokenizerOptions { SpecialTokens = ["[MASK]"] });
        Transformer model = Model(s_config with { VocabSize = tokenizer.VocabSize });
        // Either spelling is the tokenizer's mask.
        FilledMask filled = new MaskFiller(model, tokenizer).Fill("ab<mask>d", count: 100)[0];
        new MaskFiller(model, tokenizer).Fill("ab[MASK]d", count: 100)[0].Candidates.ShouldBe(filled.Candidates);
        filled.Place.ShouldBe(2);
        float[] logits = model.Forward([0, 1, tokenizer.MaskId!.Value, 3], rows: LogitRows.All).ToArray()[(2 * tokenizer.VocabSize)..(3 * tokenizer.VocabSize)];
        int[] ordinary = [.. Enumerable.Range(0, logits.Length).Where(id => !tokenizer.IsSpecial(id))];
        ordinary.Length.ShouldBe(4);
        filled.Candidates.Sum(candidate => candidate.Probability).ShouldBeLessThan(1);
        filled.Candidates.Select(candidate => candidate.Token).ShouldBe(ordinary.OrderByDescending(id => logits[id]));
        foreach (MaskCandidate candidate in filled.Candidates)
            candidate.Probability.ShouldBe(Math.Exp(logits[candidate.Token]) / logits.Sum(logit => Math.Exp(logit)), 1e-6);
    }

    [Fact]
    public void Fill_WordsThatBringTheirSpace_MaskTakesTheSpaceBeforeIt()
    {
        string text = string.Concat(Enumerable.Repeat("x a once upon a time x a ", 20));
        Tokenizer tokenizer = new BpeTrainer(new BpeTrainerOptions { VocabSize = 290, SpecialTokens = ["<mask>"], Bos = null, Eos = null }).Train([text]);
        MaskFiller filler = new(Model(s_config), tokenizer);
        filler.Encode("once <mask> a").ShouldBe([.. tokenizer.Encode("once"), tokenizer.MaskId!.Value, .. tokenizer.Encode(" a", addSpecial: false)]);
        CharacterTokenizer characters = CharacterTokenizer.Train(text, new CharacterTokenizerOptions { SpecialTokens = ["<mask>"] });
        new MaskFiller(Model(s_config), characters).Encode("x <mask>").Length.ShouldBe(3);
    }

    [Fact]
    public void MaskId_SpecialTokensAlone_AreFound()
    {
        CharacterTokenizer.Train("abc").MaskId.ShouldBeNull();
        CharacterTokenizer both = CharacterTokenizer.Train("abc", new CharacterTokenizerOptions { SpecialTokens = ["<x>", "[MASK]"] });
        both.MaskId.ShouldBe(both.IdOf("[MASK]"));
    }

    [Fact]
    public void Constructor_AndFill_RefuseWhatCannotBeFilled()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("abc", new CharacterTokenizerOptions { SpecialTokens = ["<mask>"] });
        Should.Throw<ArgumentException>(() => new MaskFiller(Model(s_config with { Bidirectional = false }), tokenizer)).Message.ShouldContain("both ways");
        Should.Throw<ArgumentException>(() => new MaskFiller(Model(s_config), CharacterTokenizer.Train("abc"))).Message.ShouldContain("no mask token");
        MaskFiller filler = new(Model(s_config), tokenizer);
        Should.Throw<ArgumentException>(() => filler.Fill("abc")).Message.ShouldContain("<mask>");
        Should.Throw<ArgumentException>(() => filler.Fill(new string('a', 20) + "<mask>")).Message.ShouldContain("21 tokens");
        Should.Throw<ArgumentOutOfRangeException>(() => filler.Fill("<mask>", count: 0));
    }

    private static Transformer Model(ModelConfig config) => new(config, new RandomWeights(1, config.NumLayers));
}
