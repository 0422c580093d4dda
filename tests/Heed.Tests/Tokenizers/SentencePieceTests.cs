using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

public class SentencePieceTests
{
    // Ids: 0 <unk>, 1 <s>, 2 </s>, then the pieces in order.
    private static SentencePieceTokenizer Small(params string[] pieces) => new SentencePieceBuilder().AddAll(pieces).Build();

    [Fact]
    public void Encode_MergesInOrderOfScore_NotLongestFirst()
    {
        // 3 bc, 4 ab, 5 abc, 6 a, 7 b, 8 c, 9 ▁: "bc" merges before "ab", and then a|bc is abc.
        Small("bc", "ab", "abc", "a", "b", "c", "▁").Encode("abc", addSpecial: false).ShouldBe([9, 5]);
        Small("bc", "ab", "xyz", "a", "b", "c", "▁").Encode("abc", addSpecial: false).ShouldBe([9, 6, 3]);
        Small("ab", "bc", "xyz", "a", "b", "c", "▁").Encode("abc", addSpecial: false).ShouldBe([9, 3, 8]);
    }

    [Fact]
    public void Encode_EqualScores_LeftmostFirst()
    {
        SentencePieceTokenizer tokenizer = new SentencePieceBuilder().Add("aa", -1).Add("a", -2).Add("▁", -3).Build();
        tokenizer.Encode("aaa", addSpecial: false).ShouldBe([5, 3, 4]);
    }

    [Fact]
    public void Encode_DummyPrefix_OnlyForText()
    {
        SentencePieceTokenizer tokenizer = Small("▁a", "a", "▁");
        tokenizer.Encode("a").ShouldBe([1, 3]);
        tokenizer.Encode(" a").ShouldBe([1, 5, 3]);
        tokenizer.Encode("").ShouldBe([1]);
        tokenizer.Encode("", addSpecial: false).ShouldBeEmpty();
        tokenizer.AddsBos.ShouldBeTrue();
        tokenizer.AddsEos.ShouldBeFalse();
    }

    [Fact]
    public void Encode_UnknownCharacters_AreBytesOrOneUnknown()
    {
        SentencePieceTokenizer bytes = SmallVocabularies.SentencePiece();
        bytes.Encode("ö", addSpecial: false).ShouldBe([bytes.IdOf("▁")!.Value, 3 + 0xC3, 3 + 0xB6]);
        SentencePieceTokenizer unknown = Small("a", "▁");
        unknown.Encode("xyaz z", addSpecial: false).ShouldBe([4, 0, 3, 0, 4, 0]);
        unknown.Decode([4, 0, 3]).ShouldBe(" \u2047 a");
    }

    [Fact]
    public void Encode_UserDefinedPiece_IsNeverCutOrMerged()
    {
        SentencePieceTokenizer tokenizer = new SentencePieceBuilder().AddAll("ab", "b<", "a", "b", "▁", "<", "x", ">").Add("<x>", 0, TokenKind.UserDefined).Build();
        tokenizer.Encode("ab<x>ab", addSpecial: false).ShouldBe([7, 3, 11, 3]);
        tokenizer.IsSpecial(11).ShouldBeFalse();
    }

    [Fact]
    public void Encode_ControlTokenInText_IsPlainUnlessAsked()
    {
        SentencePieceTokenizer tokenizer = SmallVocabularies.SentencePiece();
        tokenizer.Encode("</s>", addSpecial: false).ShouldNotContain(2);
        tokenizer.Decode(tokenizer.Encode("</s>")).ShouldBe("</s>");
        tokenizer.Encode("a</s>a", addSpecial: false, parseSpecial: true)
            .ShouldBe([.. tokenizer.Encode("a", addSpecial: false), 2, .. tokenizer.Encode("a", addSpecial: false)]);
    }

    [Fact]
    public void Encode_UnusedPiece_IsTakenApartAgain()
    {
        SentencePieceTokenizer tokenizer = new SentencePieceBuilder().AddAll("a", "b", "c", "▁").Add("ab", 5, TokenKind.Unused).Add("abc", 4).Build();
        tokenizer.Encode("ab", addSpecial: false).ShouldBe([6, 3, 4]);
        tokenizer.Encode("abc", addSpecial: false).ShouldBe([6, 8]);
    }

    [Fact]
    public void Encode_PieceOfUnlistedCharacters_StillMerges()
    {
        // "b" is not a piece, and yet "ab" is made of it.
        SentencePieceTokenizer tokenizer = Small("ab", "a", "▁");
        tokenizer.Encode("ab", addSpecial: false).ShouldBe([5, 3]);
        tokenizer.Encode("b", addSpecial: false).ShouldBe([5, 0]);
    }

    [Fact]
    public void Encode_ExtraWhitespace_IsRemovedWhereTheModelSaysSo()
    {
        SentencePieceTokenizer tokenizer = new SentencePieceBuilder { RemoveExtraWhitespaces = true }.AddAll("▁a", "a", "▁").Build();
        tokenizer.Encode("  a   a ", addSpecial: false).ShouldBe([3, 3]);
        tokenizer.Encode("   ", addSpecial: false).ShouldBeEmpty();
        tokenizer.Decode([3, 3]).ShouldBe("a a");
    }

    [Fact]
    public void Encode_CharacterMap_ReplacesLongestMatch()
    {
        byte[] map = SentencePieceBuilder.MakeCharsMap(("ﬁ", "fi"), ("Ａ", "a"), ("e\u0301", "é"), ("e", "E"), ("\u200B", ""));
        SentencePieceTokenizer tokenizer = new SentencePieceBuilder { CharsMap = map }.AddAll("f", "i", "a", "é", "E", "▁").Build();
        tokenizer.Encode("ﬁＡe\u0301e\u200B", addSpecial: false).ShouldBe([8, 3, 4, 5, 6, 7]);
    }

    [Fact]
    public void Encode_Unigram_TakesTheMostLikelyCut()
    {
        // "▁ab" as ▁a+b scores -3.5, as ▁+ab -3, as single characters -6.
        SentencePieceTokenizer tokenizer = new SentencePieceBuilder { ModelType = 1 }
            .Add("▁a", -1.5f).Add("b", -2).Add("▁", -2).Add("ab", -1).Add("a", -2).Build();
        tokenizer.Encode("ab", addSpecial: false).ShouldBe([5, 6]);
        tokenizer.Encode("aba", addSpecial: false).ShouldBe([5, 6, 7]);
        tokenizer.Encode("axx", addSpecial: false).ShouldBe([3, 0]);
        new SentencePieceBuilder { ModelType = 1 }.Add("▁a", -0.5f).Add("b", -2).Add("▁", -2).Add("ab", -1).Build().Encode("ab", addSpecial: false).ShouldBe([3, 4]);
    }

    [Fact]
    public void Load_Llama2cBin_EncodesAsItsModel()
    {
        using TemporaryFolder folder = new();
        SentencePieceBuilder builder = SmallVocabularies.SentencePieceBuilder();
        Tokenizer model = Tokenizer.Load(folder.Write("tokenizer.model", builder.ToProtobuf()));
        Tokenizer bin = Tokenizer.Load(folder.Write("tokenizer.bin", builder.ToLlama2c()));
        (bin.BosId, bin.EosId, bin.UnknownId).ShouldBe((1, 2, 0));
        foreach (string text in new[] { "hello the world", "  aaaaa  ö日本\n", "🙂 ", "<s>" })
        {
            bin.Encode(text).ShouldMatch(model.Encode(text));
            bin.Decode(bin.Encode(text)).ShouldBe(text);
        }
    }

    [Fact]
    public void Decode_LeadingSpace_OnlyThatOfTheFirstPiece()
    {
        SentencePieceTokenizer tokenizer = SmallVocabularies.SentencePiece();
        int the = tokenizer.IdOf("▁the")!.Value, space = tokenizer.IdOf("▁▁")!.Value;
        tokenizer.Decode([the, the]).ShouldBe("the the");
        tokenizer.Decode([1, the]).ShouldBe("the");
        tokenizer.Decode([1, the], skipSpecial: false).ShouldBe("<s> the");
        tokenizer.Decode([space, the]).ShouldBe("  the");
        tokenizer.Decode([3 + 0x20, the]).ShouldBe("  the");
        StreamingDecoder continued = tokenizer.CreateDecoder(continuesText: true);
        continued.Add(the).ShouldBe(" the");
    }

    [Fact]
    public void Encode_GgufVocabulary_AsItsModel()
    {
        SentencePieceTokenizer model = SmallVocabularies.SentencePiece();
        Tokenizer gguf = Tokenizer.FromGguf(new GgufVocabulary
        {
            Model = "llama",
            Tokens = Enumerable.Range(0, model.VocabSize).Select(model.TokenText).ToArray(),
            Scores = model.Model.Scores,
            TokenTypes = Enumerable.Range(0, model.VocabSize).Select(id => (int)model.KindOf(id)).ToArray(),
            ChatTemplate = "template",
        });
        (gguf.BosId, gguf.EosId, gguf.UnknownId, gguf.AddsBos, gguf.ChatTemplate).ShouldBe((1, 2, 0, true, "template"));
        gguf.Encode("hello  the wörld").ShouldMatch(model.Encode("hello  the wörld"));
    }
}
