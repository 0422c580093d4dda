using FsCheck;
using FsCheck.Fluent;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

public class CharacterTokenizerTests
{
    [Fact]
    public void Train_Characters_AreSortedAndWhole()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("b🙂a\nb日");
        Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText).ShouldBe(["\n", "a", "b", "日", "🙂", "<unk>"]);
        tokenizer.Encode("ab🙂\nz").ShouldBe([1, 2, 4, 0, 5]);
        tokenizer.Decode([4, 5, 2]).ShouldBe("🙂b");
        tokenizer.UnknownId.ShouldBe(5);
    }

    [Fact]
    public void Encode_ByteFallback_RoundTripsAnyText()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("abc \n", new CharacterTokenizerOptions { ByteFallback = true, SpecialTokens = ["<e>"], Eos = "<e>" });
        tokenizer.VocabSize.ShouldBe(5 + 256 + 1);
        tokenizer.EosId.ShouldBe(261);
        tokenizer.Encode("aé").ShouldBe([2, 5 + 0xC3, 5 + 0xA9]);
        Prop.ForAll(Gen.Choose(0, 0xFFFF).Select(c => (char)c).ArrayOf().ToArbitrary(), chars =>
        {
            string text = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(chars));
            return tokenizer.Decode(tokenizer.Encode(text)) == text;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    [Fact]
    public void SaveHuggingFace_LoadsBackIdentically()
    {
        using TemporaryFolder folder = new();
        CharacterTokenizerOptions chat = new() { SpecialTokens = ["<s>", "</s>"], Bos = "<s>", Eos = "</s>", AddBos = true };
        foreach (CharacterTokenizerOptions options in new[] { new(), chat, chat with { ByteFallback = true }, new CharacterTokenizerOptions { ByteFallback = true } })
        {
            CharacterTokenizer tokenizer = CharacterTokenizer.Train("hello the world\n 🙂\"\\", options);
            tokenizer.SaveHuggingFace(folder.Path);
            Tokenizer read = Tokenizer.Load(folder.Path);
            (read.VocabSize, read.BosId, read.EosId, read.UnknownId, read.AddsBos, read.CutsAtSeams)
                .ShouldBe((tokenizer.VocabSize, tokenizer.BosId, tokenizer.EosId, tokenizer.UnknownId, tokenizer.AddsBos, true));
            for (int id = 0; id < read.VocabSize; id++)
            {
                (read.TokenText(id), read.KindOf(id)).ShouldBe((tokenizer.TokenText(id), tokenizer.KindOf(id)));
                read.TokenBytes(id).ToArray().ShouldBe(tokenizer.TokenBytes(id).ToArray());
            }

            foreach (string text in new[] { "", "the 🙂 world\n\n", "ÄÖ the xyz 東京", "</s> hello", "\ud800" })
            {
                read.Encode(text).ShouldBe(tokenizer.Encode(text), text);
                read.Encode(text, parseSpecial: true).ShouldBe(tokenizer.Encode(text, parseSpecial: true), text);
                read.Decode(read.Encode(text)).ShouldBe(tokenizer.Decode(tokenizer.Encode(text)), text);
            }
        }
    }

    [Fact]
    public void Train_NothingOrClashes_AreErrors()
    {
        Should.Throw<ArgumentException>(() => CharacterTokenizer.Train("")).Message.ShouldContain("empty");
        Should.Throw<ArgumentException>(() => CharacterTokenizer.Train("ab", new CharacterTokenizerOptions { SpecialTokens = ["a"] })).Message.ShouldContain("'a'");
        Should.Throw<ArgumentException>(() => CharacterTokenizer.Train("ab", new CharacterTokenizerOptions { Eos = "</s>" })).Message.ShouldContain("Eos");
    }

    [DataFact("corpora/tinyshakespeare.txt")]
    public void Train_TinyShakespeare_HasTheWellKnownCharacters()
    {
        string text = File.ReadAllText(TestData.Get("corpora/tinyshakespeare.txt"));
        CharacterTokenizer tokenizer = CharacterTokenizer.Train(text);
        tokenizer.VocabSize.ShouldBe(65 + 1); // and <unk>
        int[] ids = tokenizer.Encode(text);
        ids.Length.ShouldBe(1115394);
        ids[..13].ShouldBe([18, 47, 56, 57, 58, 1, 15, 47, 58, 47, 64, 43, 52]); // "First Citizen" by karpathy's char-rnn preparation
        tokenizer.Decode(ids).ShouldBe(text);
    }
}
