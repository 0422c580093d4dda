using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>What holds for every tokenizer that can spell any text.</summary>
public class TokenizerPropertyTests
{
    private static readonly (string Name, Tokenizer Tokenizer)[] s_all = SmallVocabularies.All().ToArray();

    public static TheoryData<int> Tokenizers => [.. Enumerable.Range(0, 8)];

    // Any UTF-16, with lone surrogates, the letters of the small vocabularies more often than others.
    private static Arbitrary<string> Texts => Gen.Frequency(
            (6, Gen.Elements("hello the world aa  日本é\n🙂'sing".ToCharArray())),
            (2, Gen.Choose(0, 0x2FF).Select(c => (char)c)),
            (2, Gen.Choose(0, 0xFFFF).Select(c => (char)c)),
            (1, Gen.Choose(0xD7F0, 0xE010).Select(c => (char)c)))
        .ArrayOf().Select(chars => new string(chars)).ToArbitrary();

    private static Config Config => Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(60);

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Decode_OfEncode_GivesTheTextBack(int which)
    {
        (string name, Tokenizer tokenizer) = s_all[which];
        Prop.ForAll(Texts, text =>
        {
            string valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)); // lone surrogates become U+FFFD
            if (name.Contains("sentencepiece")) valid = valid.Replace('▁', ' ');
            return tokenizer.Decode(tokenizer.Encode(text)) == valid;
        }).Check(Config);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Encode_SpecialTokensInText_NeverAppear(int which)
    {
        Tokenizer tokenizer = s_all[which].Tokenizer;
        string[] specials = Enumerable.Range(0, tokenizer.VocabSize).Where(tokenizer.IsSpecial).Select(tokenizer.TokenText).ToArray();
        foreach (string special in specials)
        {
            string text = $"a{special}b {special}";
            tokenizer.Encode(text, addSpecial: false).ShouldAllBe(id => !tokenizer.IsSpecial(id));
            tokenizer.Encode(text, addSpecial: false, parseSpecial: true).Count(id => id == tokenizer.IdOf(special)).ShouldBe(2);
            tokenizer.Decode(tokenizer.Encode(text)).ShouldBe(text);
        }
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void StreamingDecoder_RandomIds_SameAsDecode(int which)
    {
        Tokenizer tokenizer = s_all[which].Tokenizer;
        Gen<int[]> ids = Gen.Choose(0, tokenizer.VocabSize - 1).ArrayOf();
        Prop.ForAll(ids.ToArbitrary(), Gen.Elements(true, false).ToArbitrary(), (sequence, skipSpecial) =>
        {
            StreamingDecoder decoder = tokenizer.CreateDecoder(skipSpecial);
            StringBuilder streamed = new();
            foreach (int id in sequence)
            {
                string piece = decoder.Add(id);
                if (piece.Length > 0 && (char.IsHighSurrogate(piece[^1]) || char.IsLowSurrogate(piece[0]))) return false;
                streamed.Append(piece);
            }

            return streamed.Append(decoder.Flush()).ToString() == tokenizer.Decode(sequence, skipSpecial);
        }).Check(Config.WithEndSize(100));
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Encode_FromSeveralThreads_GivesTheSame(int which)
    {
        Tokenizer tokenizer = s_all[which].Tokenizer;
        Random random = new(5);
        string[] texts = Enumerable.Range(0, 200).Select(_ => string.Join(' ', Enumerable.Range(0, 20).Select(_ => "hello the world aaaa 日本"[random.Next(10)..random.Next(11, 24)]))).ToArray();
        int[][] expected = texts.Select(text => s_all[which].Tokenizer.Encode(text)).ToArray();
        Parallel.For(0, 8 * texts.Length, i => tokenizer.Encode(texts[i % texts.Length]).AsSpan().SequenceEqual(expected[i % texts.Length]).ShouldBeTrue());
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Decode_IdOutOfRange_SaysSo(int which)
    {
        Tokenizer tokenizer = s_all[which].Tokenizer;
        foreach (int id in new[] { -1, tokenizer.VocabSize, int.MaxValue })
            Should.Throw<ArgumentOutOfRangeException>(() => tokenizer.Decode([id])).Message.ShouldContain($"id {id} is not in the vocabulary");
    }

    [Fact]
    public void StreamingDecoder_CharacterOverSeveralTokens_ComesOutWhole()
    {
        Tokenizer tokenizer = SmallVocabularies.ByteLevel();
        int[] ids = tokenizer.Encode("a🙃", addSpecial: false);
        ids.Length.ShouldBe(5);
        StreamingDecoder decoder = tokenizer.CreateDecoder();
        ids.Select(decoder.Add).ShouldBe(["a", "", "", "", "🙃"]);
        decoder.Add(ids[1]).ShouldBe("");
        decoder.Flush().ShouldBe("\uFFFD");
    }

    [Fact]
    public void Encode_LoneSurrogates_AreReplacementCharacters()
    {
        foreach ((_, Tokenizer tokenizer) in s_all)
        {
            tokenizer.Encode("a\uD83D").ShouldBe(tokenizer.Encode("a\uFFFD"));
            tokenizer.Encode("\uDE42\uD83D\uDE42\uD83D\uD83D").ShouldBe(tokenizer.Encode("\uFFFD🙂\uFFFD\uFFFD"));
        }
    }
}
