using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

public class HuggingFaceTests
{
    private const string Llama2Like = """
        {"added_tokens":[{"id":0,"content":"<unk>","special":true},{"id":1,"content":"<s>","special":true},{"id":2,"content":"</s>","special":true}],
         "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
         "pre_tokenizer":null,
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
           "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}},
         "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
         "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,
           "vocab":{"<unk>":0,"<s>":1,"</s>":2,"<0xC3>":3,"<0xB6>":4,"▁":5,"a":6,"b":7,"▁a":8,"ab":9},
           "merges":["▁ a","a b"]}}
        """;

    [Fact]
    public void Llama2Like_EncodesAndDecodes()
    {
        HuggingFaceTokenizer tokenizer = SmallVocabularies.Json(Llama2Like);
        tokenizer.Encode("ab").ShouldBe([1, 8, 7]);
        tokenizer.Encode("bab aö", addSpecial: false).ShouldBe([5, 7, 9, 8, 3, 4]);
        tokenizer.Encode("xyb", addSpecial: false).ShouldBe([5, 0, 7]);
        tokenizer.Encode("a</s>a", parseSpecial: true).ShouldBe([1, 8, 2, 8]);
        tokenizer.Decode([1, 8, 7, 8, 3, 4]).ShouldBe("ab aö");
        tokenizer.Decode([1, 8, 2], skipSpecial: false).ShouldBe("<s> a</s>");
        (tokenizer.BosId, tokenizer.EosId, tokenizer.UnknownId, tokenizer.AddsBos, tokenizer.AddsEos).ShouldBe((1, 2, 0, true, false));
        tokenizer.StopIds.ShouldBe([2]);
    }

    [Fact]
    public void Merges_OfPairsOrStrings_AreTheSame() =>
        SmallVocabularies.Json(Llama2Like.Replace("""["▁ a","a b"]""", """[["▁","a"],["a","b"]]""")).Encode("ab bab").ShouldBe([1, 8, 7, 5, 7, 9]);

    [Fact]
    public void IgnoreMerges_TakesTheWholeWord()
    {
        string json = Model("""{"a":0,"b":1,"c":2,"ab":3,"abc":4}""", """["a b"]""", """ "pre_tokenizer":{"type":"WhitespaceSplit"},""");
        SmallVocabularies.Json(json).Encode("abc ab").ShouldBe([3, 2, 3]);
        SmallVocabularies.Json(json.Replace("\"merges\"", "\"ignore_merges\":true,\"merges\"")).Encode("abc ab").ShouldBe([4, 3]);
    }

    [Fact]
    public void SubwordAffixes_AreSpelled()
    {
        string json = Model("""{"a":0,"##b":1,"##b</w>":2,"a</w>":3,"ab</w>":4,"ab":5}""", """["a ##b</w>","a ##b"]""", """ "pre_tokenizer":{"type":"WhitespaceSplit"},""")
            .Replace("\"merges\"", "\"continuing_subword_prefix\":\"##\",\"end_of_word_suffix\":\"</w>\",\"merges\"");
        SmallVocabularies.Json(json).Encode("ab a abb").ShouldBe([4, 3, 5, 2]);
    }

    [Theory]
    [InlineData("""{"type":"Digits","individual_digits":true}""", "a12b", "a|1|2|b")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "a12b3", "a|12|b|3")]
    [InlineData("""{"type":"Whitespace"}""", "it's  a\u0301 x_1!?", "it|'|s|a\u0301|x_1|!?")]
    [InlineData("""{"type":"WhitespaceSplit"}""", " it's  a ", "it's|a")]
    [InlineData("""{"type":"Punctuation"}""", "a,b--c$", "a|,|b|-|-|c|$")]
    [InlineData("""{"type":"Punctuation","behavior":"Contiguous"}""", "a--b", "a|--|b")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}""", "a b", "▁a|▁b")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}""", "a  b", "a|▁|▁b")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}""", "a b", "▁a▁b")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Removed","invert":false}""", "a-b--c", "a|b|c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Isolated","invert":false}""", "a-b--c", "a|-|b|-|-|c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithPrevious","invert":false}""", "a-b--c", "a-|b-|-|c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"MergedWithNext","invert":false}""", "a-b--c", "a|-b|-|-c")]
    [InlineData("""{"type":"Split","pattern":{"String":"-"},"behavior":"Contiguous","invert":false}""", "a-b--c", "a|-|b|--|c")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Removed","invert":true}""", "a-bc", "a|bc")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true}]}""", "a1 2b", "a|1|2|b")]
    public void PreTokenizer_CutsText(string json, string text, string words)
    {
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(json);
        bool bytes = false;
        List<TextPiece> pieces = [];
        PreTokenizer.Read("x", new JsonPart("x", "pre_tokenizer", document.RootElement), ref bytes).Apply(new TextPiece(text, 0, text.Length, true), pieces);
        string.Join('|', pieces.Select(piece => piece.Span.ToString()).Where(piece => piece.Length > 0)).ShouldBe(words);
    }

    [Theory]
    [InlineData("""{"type":"NFC"}""", "e\u0301", "\u00E9")]
    [InlineData("""{"type":"NFD"}""", "\u00E9", "e\u0301")]
    [InlineData("""{"type":"NFKC"}""", "\uFB01\uFF21", "fiA")]
    [InlineData("""{"type":"NFKD"}""", "\u00E9\u2460", "e\u03011")]
    [InlineData("""{"type":"Lowercase"}""", "ÄB\u0130", "äbi\u0307")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":false}""", " a ", "a ")]
    [InlineData("""{"type":"StripAccents"}""", "e\u0301a", "ea")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"$1"}""", "a   b", "a$1b")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Prepend","prepend":"_"}]}""", "é", "_e")]
    [InlineData("""{"type":"Prepend","prepend":"_"}""", "", "")]
    public void Normalizer_ChangesText(string json, string text, string expected)
    {
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(json);
        TextNormalizer.Read("x", new JsonPart("x", "normalizer", document.RootElement)).Normalize(text).ShouldBe(expected);
    }

    [Fact]
    public void AddedTokens_StripAndStandAlone()
    {
        string added = """
            [{"id":10,"content":"<l>","special":false,"lstrip":true,"rstrip":false,"single_word":false,"normalized":false},
             {"id":11,"content":"<r>","special":false,"lstrip":false,"rstrip":true,"single_word":false,"normalized":false},
             {"id":12,"content":"cab","special":false,"lstrip":false,"rstrip":false,"single_word":true,"normalized":false},
             {"id":13,"content":"AA","special":false,"lstrip":false,"rstrip":false,"single_word":false,"normalized":true},
             {"id":14,"content":"<s>","special":true,"normalized":false}]
            """;
        string json = Model("""{"a":0,"b":1,"c":2," ":3}""", "[]", $"\"normalizer\":{{\"type\":\"Lowercase\"}},\"added_tokens\":{added},");
        HuggingFaceTokenizer tokenizer = SmallVocabularies.Json(json);
        tokenizer.Encode("a  <l> b").ShouldBe([0, 10, 3, 1]);
        tokenizer.Encode("a <r>  b").ShouldBe([0, 3, 11, 1]);
        tokenizer.Encode("cab cabb cab").ShouldBe([12, 3, 2, 0, 1, 1, 3, 12]);
        tokenizer.Encode("bAab").ShouldBe([1, 13, 1]);
        tokenizer.Encode("a<s>", parseSpecial: true).ShouldBe([0, 14]);
        tokenizer.VocabSize.ShouldBe(15);
        tokenizer.Decode([9]).ShouldBe("");
    }

    [Fact]
    public void ByteLevel_PrefixSpaceAndTemplate()
    {
        string json = Model("""{"Ġ":0,"a":1,"Ã":2,"¶":3,"Ġa":4,"<|end|>":5}""", """["Ġ a"]""",
            """
            "added_tokens":[{"id":5,"content":"<|end|>","special":true}],
            "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"decoder":{"type":"ByteLevel"},
            "post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<|end|>","type_id":0}}],
              "special_tokens":{"<|end|>":{"id":"<|end|>","ids":[5],"tokens":["<|end|>"]}}},
            """);
        HuggingFaceTokenizer tokenizer = SmallVocabularies.Json(json);
        tokenizer.Encode("aö a").ShouldBe([4, 2, 3, 4, 5]);
        tokenizer.Decode([4, 2, 3, 5]).ShouldBe(" aö");
        tokenizer.TokenBytes(4).ToArray().ShouldBe(" a"u8.ToArray());
        tokenizer.TokenText(4).ShouldBe("Ġa");
    }

    [Fact]
    public void Unigram_IsReadToo()
    {
        string json = """
            {"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},"decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},
             "added_tokens":[{"id":0,"content":"<unk>","special":true}],
             "model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["▁a",-1.5],["b",-2],["▁",-2],["ab",-1]]}}
            """;
        HuggingFaceTokenizer tokenizer = SmallVocabularies.Json(json);
        tokenizer.Encode("ab ax").ShouldBe([3, 4, 1, 0]);
        tokenizer.Decode([3, 4, 1]).ShouldBe("ab a");
    }

    [Fact]
    public void Config_BesideTheFile_IsRead()
    {
        using TemporaryFolder folder = new();
        folder.Write("tokenizer.json", System.Text.Encoding.UTF8.GetBytes(Llama2Like));
        folder.Write("tokenizer_config.json", """
            {"tokenizer_class":"LlamaTokenizer","add_bos_token":false,"add_eos_token":true,"bos_token":{"content":"<s>"},"eos_token":"</s>","pad_token":"</s>",
             "chat_template":[{"name":"rag","template":"no"},{"name":"default","template":"yes"}]}
            """u8.ToArray());
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        tokenizer.Encode("a").ShouldBe([8, 2]);
        (tokenizer.PadId, tokenizer.ChatTemplate, tokenizer.AddsBos, tokenizer.AddsEos).ShouldBe((2, "yes", false, true));
    }

    [Theory]
    [InlineData("\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}", "WordPiece")]
    [InlineData("\"normalizer\":{\"type\":\"BertNormalizer\"},", "BertNormalizer")]
    [InlineData("\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"},", "UnicodeScripts")]
    [InlineData("\"decoder\":{\"type\":\"CTC\"},", "CTC")]
    [InlineData("\"post_processor\":{\"type\":\"Strange\"},", "Strange")]
    [InlineData("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a++\"},\"behavior\":\"Isolated\"},", "a++")]
    public void Load_UnsupportedPart_IsNamed(string part, string name)
    {
        string json = part.StartsWith("\"model\"", StringComparison.Ordinal) ? $"{{{part}}}" : Model("""{"a":0}""", "[]", part);
        Should.Throw<FileFormatException>(() => SmallVocabularies.Json(json)).Message.ShouldContain($"'{name}'");
    }

    [Fact]
    public void Load_Dropout_IsRefused() =>
        Should.Throw<FileFormatException>(() => SmallVocabularies.Json(Llama2Like.Replace("\"unk_token\"", "\"dropout\":0.1,\"unk_token\""))).Message.ShouldContain("dropout");

    private static string Model(string vocab, string merges, string more) =>
        "{" + more + "\"model\":{\"type\":\"BPE\",\"vocab\":" + vocab + ",\"merges\":" + merges + "}}";
}
