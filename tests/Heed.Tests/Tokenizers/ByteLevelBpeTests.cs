using System.Text;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

public class ByteLevelBpeTests
{
    [Fact]
    public void ByteAlphabet_IsGpt2s()
    {
        ByteAlphabet.Spell(" \n\0!~\u007F"u8).ShouldBe("ĠĊĀ!~ġ");
        ByteAlphabet.Letter(0xAD).ShouldBe('Ń');
        ByteAlphabet.Read("Ġthe").ShouldBe(" the"u8.ToArray());
        ByteAlphabet.Read(" the").ShouldBeNull();
        ByteAlphabet.Read("日").ShouldBeNull();
        byte[] all = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        ByteAlphabet.Spell(all).Distinct().Count().ShouldBe(256);
        ByteAlphabet.Read(ByteAlphabet.Spell(all)).ShouldBe(all);
    }

    [Fact]
    public void Encode_Ranks_MergeInOrder()
    {
        // 256 " t", 257 "he", 258 " the", 266 "ll", 267 "hell", 268 "hello"; "llo" and "lo" are no tokens.
        ByteLevelBpeTokenizer tokenizer = SmallVocabularies.ByteLevel();
        int Byte(char c) => tokenizer.IdOf(c.ToString())!.Value;
        tokenizer.Encode("hello").ShouldBe([275, 268]);
        tokenizer.Encode("hell the", addSpecial: false).ShouldBe([267, 258]);
        tokenizer.Encode("ello", addSpecial: false).ShouldBe([Byte('e'), 266, Byte('o')]);
        tokenizer.Encode("aaaaaaa", addSpecial: false).ShouldBe([272, 271, Byte('a')]);
        tokenizer.Encode("<|eot_id|>", addSpecial: false, parseSpecial: true).ShouldBe([279]);
        tokenizer.TokenText(258).ShouldBe("Ġthe");
        tokenizer.TokenBytes(258).ToArray().ShouldBe(" the"u8.ToArray());
        (tokenizer.BosId, tokenizer.EosId, tokenizer.AddsBos, tokenizer.AddsEos).ShouldBe((275, 276, true, false));
        tokenizer.StopIds.ShouldBe([276, 279, 281], ignoreOrder: true);
    }

    [Fact]
    public void Llama3Options_HaveTheKnownSpecialTokens()
    {
        IReadOnlyDictionary<string, int> special = TiktokenOptions.Llama3.SpecialTokens;
        special.Count.ShouldBe(256);
        special.Values.Order().ShouldBe(Enumerable.Range(128000, 256));
        (special["<|begin_of_text|>"], special["<|end_of_text|>"], special["<|start_header_id|>"], special["<|end_header_id|>"], special["<|eot_id|>"])
            .ShouldBe((128000, 128001, 128006, 128007, 128009));
        (special["<|finetune_right_pad_id|>"], special["<|eom_id|>"], special["<|python_tag|>"], special["<|reserved_special_token_247|>"])
            .ShouldBe((128004, 128008, 128010, 128255));
    }

    [Fact]
    public void Encode_GgufGpt2_MergesByRankOfTheMerge()
    {
        // "bc" merges before "ab" although its id is higher; 12 would be reached only by ignoring the merges.
        GgufVocabulary gguf = Gguf("gpt-2", ["a b", "b c", "a bc"], "a", "b", "c", "ab", "bc", "abc", "Ġ", "d", "abd");
        Tokenizer tokenizer = Tokenizer.FromGguf(gguf);
        tokenizer.Encode("abc").ShouldBe([3, 2]);
        Tokenizer.FromGguf(gguf with { Merges = ["b c", "a b", "a bc"] }).Encode("abc").ShouldBe([5]);
        tokenizer.Encode("abd").ShouldBe([3, 7]);
        Tokenizer.FromGguf(gguf with { Pre = "llama-bpe" }).Encode("abd").ShouldBe([8]);
        tokenizer.Encode("xa").ShouldBe([0]); // no token for x, and none for the unknown
        Tokenizer.FromGguf(gguf with { UnknownId = 6 }).Encode("xa").ShouldBe([6, 0]);
    }

    [Fact]
    public void Encode_Gguf_SpecialAndUserDefinedTokens()
    {
        GgufVocabulary gguf = Gguf("qwen2", [], "a", "<|end|>", "<u>") with { TokenTypes = [1, 3, 4], BosId = 1, EosId = 1, AddBos = true, AddEos = true };
        Tokenizer tokenizer = Tokenizer.FromGguf(gguf);
        tokenizer.Encode("a<u><|end|>a").ShouldBe([1, 0, 2, 0, 1]);
        tokenizer.Encode("a<|end|>", addSpecial: false, parseSpecial: true).ShouldBe([0, 1]);
        tokenizer.Decode([0, 2, 1]).ShouldBe("a<u>");
        tokenizer.Decode([0, 2, 1], skipSpecial: false).ShouldBe("a<u><|end|>");
    }

    [Fact]
    public void FromGguf_WithoutTokenTypes_TakesSpecialIdsForWhatTheyAre()
    {
        Tokenizer bytes = Tokenizer.FromGguf(Gguf("gpt-2", [], "a", "<|end|>") with { EosId = 1 });
        bytes.Encode("<|end|>a").ShouldBe([0]);
        (bytes.IsSpecial(0), bytes.IsSpecial(1)).ShouldBe((false, true));
        Tokenizer pieces = Tokenizer.FromGguf(new GgufVocabulary { Model = "llama", Tokens = ["<unk>", "<s>", "<0x61>", "▁"], Scores = new float[4], UnknownId = 0, BosId = 1 });
        pieces.Encode("ab").ShouldBe([1, 3, 2, 0]);
    }

    [Theory]
    [InlineData("gpt-2", "it's a12 B", "it|'s| a|12| B")]
    [InlineData("llama-bpe", "it'S a1234", "it|'S| a|123|4")]
    [InlineData("qwen2", "a12", "a|1|2")]
    [InlineData("smollm", "a12 3", "a|1|2| |3")]
    [InlineData("tekken", "aB12", "a|B|1|2")]
    [InlineData("gpt-4o", "aBc's", "a|Bc's")]
    [InlineData("default", "ab, c1234=", "ab|,| c|123|4|=")]
    [InlineData("falcon", "a` 1234", "a|`| |123|4")]
    [InlineData("deepseek-v3", "中文a1234 !b", "中文|a|123|4| !|b")]
    [InlineData("deepseek-coder", "中文a12 \n", "中文|a|1|2| |\n")]
    public void GgufPre_CutsAsItsPattern(string pre, string text, string words)
    {
        List<int> ends = [];
        RegexSplitter.Create("x", GgufWordPattern.For("x", pre).Patterns).Split(text, ends);
        string.Join('|', ends.Select((end, i) => text[(i == 0 ? 0 : ends[i - 1])..end])).ShouldBe(words);
    }

    [Fact]
    public void FromGguf_UnknownPreOrModel_IsNamed()
    {
        Should.Throw<FileFormatException>(() => Tokenizer.FromGguf(Gguf("strange", [], "a"))).Message.ShouldContain("'strange'");
        Should.Throw<FileFormatException>(() => Tokenizer.FromGguf(Gguf("gpt-2", [], "a") with { Model = "bert" })).Message.ShouldContain("'bert'");
    }

    internal static GgufVocabulary Gguf(string pre, string[] merges, params string[] tokens) =>
        new() { Path = "x.gguf", Model = "gpt2", Pre = pre, Tokens = tokens, Merges = merges };
}
