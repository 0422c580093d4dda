using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

public class TokenizerJsonWriterTests
{
    private static readonly string[] s_texts =
        ["", " ", "hello the world", "  Hello   world's 12345 \n\n x\r\n", "日本語 🙂 ö", "aaaaaaa aaa", "don'T (a) ... </s> <|eot_id|>", "\t\0\u0301", "sing the hello\n"];

    [Fact]
    public void SaveJson_SmallVocabularies_GiveTheSameIds()
    {
        using TemporaryFolder folder = new();
        foreach ((string name, Tokenizer tokenizer) in SmallVocabularies.All()) CheckRoundTrip(tokenizer, folder, s_texts, name);
        CheckRoundTrip(new SentencePieceBuilder { RemoveExtraWhitespaces = true, ByteFallback = true }.AddBytes().AddAll("▁a", "a", "▁", "ab", "b").Build(), folder, ["", "   ", "a", "  ab   b ab "], "extra whitespace");
    }

    [Fact]
    public void SaveHuggingFace_KeepsSpecialIdsAndTemplate()
    {
        using TemporaryFolder folder = new();
        foreach (Tokenizer tokenizer in new Tokenizer[] { SmallVocabularies.SentencePiece(), SmallVocabularies.ByteLevel() })
        {
            tokenizer.SaveHuggingFace(folder.Path);
            Tokenizer read = Tokenizer.Load(folder.Path);
            (read.VocabSize, read.BosId, read.EosId, read.UnknownId, read.PadId, read.AddsBos, read.AddsEos)
                .ShouldBe((tokenizer.VocabSize, tokenizer.BosId, tokenizer.EosId, tokenizer.UnknownId, tokenizer.PadId, tokenizer.AddsBos, tokenizer.AddsEos));
            read.StopIds.ShouldBe(tokenizer.StopIds, ignoreOrder: true);
            for (int id = 0; id < read.VocabSize; id++)
            {
                read.TokenText(id).ShouldBe(tokenizer.TokenText(id));
                read.IsSpecial(id).ShouldBe(tokenizer.IsSpecial(id));
                if (!read.IsSpecial(id)) read.TokenBytes(id).ToArray().ShouldBe(tokenizer.TokenBytes(id).ToArray());
            }
        }
    }

    [Fact]
    public void SaveJson_WhatTheFormatCannotSay_IsRefused()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "tokenizer.json");
        SentencePieceTokenizer tokenizer = new SentencePieceBuilder().AddAll("a").Add("<x>", 0, TokenKind.UserDefined).Build();
        Should.Throw<NotSupportedException>(() => tokenizer.SaveJson(path)).Message.ShouldContain("user-defined");
    }

    [DataFact("tokenizers/llama2_tokenizer.model", "corpora/tinyshakespeare.txt")]
    public void SaveJson_Llama2_GivesTheSameIds() => CheckReal("llama2_tokenizer.model", "ggml-vocab-llama-spm.gguf");

    [DataFact("tokenizers/llama3_tokenizer.model", "corpora/tinyshakespeare.txt")]
    public void SaveJson_Llama3_GivesTheSameIds() => CheckReal("llama3_tokenizer.model", "ggml-vocab-llama-bpe.gguf");

    [DataFact("tokenizers/gpt2.tiktoken", "corpora/tinyshakespeare.txt")]
    public void SaveJson_Gpt2_GivesTheSameIds() => CheckReal("gpt2.tiktoken", "ggml-vocab-gpt-2.gguf");

    private static void CheckReal(string file, string vectors)
    {
        using TemporaryFolder folder = new();
        string text = File.ReadAllText(TestData.Get("corpora/tinyshakespeare.txt"));
        CheckRoundTrip(Tokenizer.Load(TestData.Get("tokenizers/" + file)), folder, [.. s_texts, text, .. RealVocabularyTests.Vectors(vectors).Select(vector => vector.Text)], file);
    }

    private static void CheckRoundTrip(Tokenizer tokenizer, TemporaryFolder folder, IEnumerable<string> texts, string name)
    {
        string path = Path.Combine(folder.Path, "tokenizer.json");
        tokenizer.SaveJson(path);
        Tokenizer read = Tokenizer.Load(path);
        read.VocabSize.ShouldBe(tokenizer.VocabSize);
        foreach (string text in texts)
        {
            foreach (bool parseSpecial in new[] { false, true })
                read.Encode(text, parseSpecial: parseSpecial).ShouldMatch(tokenizer.Encode(text, parseSpecial: parseSpecial), name + ": " + text);
            read.Decode(read.Encode(text)).ShouldBe(tokenizer.Decode(tokenizer.Encode(text)));
        }
    }
}
