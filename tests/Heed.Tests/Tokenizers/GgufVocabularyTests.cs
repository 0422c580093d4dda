using Heed.Inference;
using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Tokenizers said in GGUF's words encode as they did.</summary>
public sealed class GgufVocabularyTests
{
    private const string Text = "Once upon a time, there was a café. It's 12345 o'clock!\n\n\tYOU'LL see — 你好, 🙂  two spaces";

    [Fact]
    public void ToGguf_ShippedModel_EncodesAlike()
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(TestData.Repository, "models", "heed-stories"));

        GgufVocabulary vocabulary = tokenizer.ToGguf();

        (vocabulary.Model, vocabulary.Pre, vocabulary.AddBos, vocabulary.BosId).ShouldBe(("gpt2", "gpt-2", true, 0));
        Tokenizer made = Tokenizer.FromGguf(vocabulary);
        made.Encode(Text).ShouldBe(tokenizer.Encode(Text));
        made.Encode("<|im_start|>user\nHi<|im_end|>", parseSpecial: true).ShouldBe(tokenizer.Encode("<|im_start|>user\nHi<|im_end|>", parseSpecial: true));
        made.ChatTemplate.ShouldBe(tokenizer.ChatTemplate);
        made.StopIds.ShouldBe(tokenizer.StopIds, ignoreOrder: true);
    }

    [DataTheory("tokenizers/llama2_tokenizer.model", "tokenizers/llama3_tokenizer.model", "tokenizers/gpt2.tiktoken", "weights/stories260K/tok512.bin")]
    [InlineData("tokenizers/llama2_tokenizer.model", "llama", "")]
    [InlineData("tokenizers/llama3_tokenizer.model", "gpt2", "llama-bpe")]
    [InlineData("tokenizers/gpt2.tiktoken", "gpt2", "gpt-2")]
    [InlineData("weights/stories260K/tok512.bin", "llama", "")]
    public void ToGguf_PublishedTokenizer_EncodesAlike(string file, string model, string pre)
    {
        Tokenizer tokenizer = Tokenizer.Load(TestData.Get(file));

        GgufVocabulary vocabulary = tokenizer.ToGguf();

        (vocabulary.Model, vocabulary.Pre ?? "").ShouldBe((model, pre));
        Tokenizer made = Tokenizer.FromGguf(vocabulary);
        string shakespeare = File.ReadAllText(TestData.Get("corpora/tinyshakespeare.txt"))[..20000];
        foreach (string text in (string[])[Text, shakespeare]) made.Encode(text).ShouldBe(tokenizer.Encode(text));
        made.Decode(made.Encode(Text)).ShouldBe(tokenizer.Decode(tokenizer.Encode(Text)));
    }

    [DataFact("weights/stories260K/tok512.bin")]
    public void SaveLlama2c_VocabularyOfTheKind_IsTheSameFile()
    {
        string source = TestData.Get("weights/stories260K/tok512.bin"), path = Path.GetTempFileName();
        try
        {
            Tokenizer.Load(source).SaveLlama2c(path);
            File.ReadAllBytes(path).ShouldBe(File.ReadAllBytes(source));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void ToGguf_WhatGgufCannotSay_IsRefused()
    {
        Should.Throw<NotSupportedException>(() => CharacterTokenizer.Train("abc").ToGguf()).Message.ShouldContain("CharacterTokenizer");
        Tokenizer shipped = Tokenizer.Load(Path.Combine(TestData.Repository, "models", "heed-stories"));
        Should.Throw<NotSupportedException>(() => shipped.SaveLlama2c("nowhere")).Message.ShouldContain("SentencePiece");
    }

    [Fact]
    public void Keys_ModelWithMoreTokens_AreFilledUp()
    {
        using Checkpoint shipped = Checkpoint.Open(Path.Combine(TestData.Repository, "models", "heed-stories"));
        GgufTokenizerKeys.Of(shipped).Contains("tokenizer.chat_template").ShouldBeTrue();
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.gguf");
        try
        {
            new Heed.Formats.GgufWriter(GgufTokenizerKeys.Of(Tokenizer.Load(shipped.Path).ToGguf(), vocabSize: 2050)).Save(path);
            using Heed.Formats.GgufFile file = Heed.Formats.GgufFile.Open(path);
            file.Metadata.GetStrings("tokenizer.ggml.tokens")[2047..].ShouldBe([Tokenizer.Load(shipped.Path).TokenText(2047), "[PAD2048]", "[PAD2049]"]);
            file.Metadata.GetInts("tokenizer.ggml.token_type")[2048..].ShouldBe([5, 5]);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
