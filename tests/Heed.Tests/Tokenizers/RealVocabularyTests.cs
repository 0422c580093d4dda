using System.Text.Json;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Real vocabularies against ids that others computed: llama.cpp's .inp and .out files and Hugging Face's own encodings.</summary>
public class RealVocabularyTests
{
    private const string Folder = "tokenizers/";

    [DataFact(Folder + "ggml-vocab-gpt-2.gguf", Folder + "ggml-vocab-gpt-2.gguf.inp")]
    public void Gpt2Gguf_Encode_MatchesLlamaCpp() =>
        CheckVectors(Tokenizer.FromGguf(GgufVocabularies.Read(TestData.Get(Folder + "ggml-vocab-gpt-2.gguf"))), "ggml-vocab-gpt-2.gguf");

    [DataFact(Folder + "ggml-vocab-llama-spm.gguf", Folder + "ggml-vocab-llama-spm.gguf.inp")]
    public void LlamaSpmGguf_Encode_MatchesLlamaCpp() =>
        CheckVectors(Tokenizer.FromGguf(GgufVocabularies.Read(TestData.Get(Folder + "ggml-vocab-llama-spm.gguf"))), "ggml-vocab-llama-spm.gguf");

    [DataFact(Folder + "llama3_tokenizer.model", Folder + "ggml-vocab-llama-bpe.gguf.inp")]
    public void Llama3Ranks_Encode_MatchesLlamaCpp() =>
        CheckVectors(Tokenizer.Load(TestData.Get(Folder + "llama3_tokenizer.model")), "ggml-vocab-llama-bpe.gguf");

    [DataFact(Folder + "llama2_tokenizer.model", Folder + "ggml-vocab-llama-spm.gguf.inp")]
    public void Llama2Model_Encode_MatchesLlamaCpp() =>
        CheckVectors(Tokenizer.Load(TestData.Get(Folder + "llama2_tokenizer.model")), "ggml-vocab-llama-spm.gguf");

    [DataFact(Folder + "gpt2.tiktoken", Folder + "ggml-vocab-gpt-2.gguf.inp")]
    public void Gpt2Ranks_Encode_MatchesLlamaCpp() =>
        CheckVectors(Tokenizer.Load(TestData.Get(Folder + "gpt2.tiktoken")), "ggml-vocab-gpt-2.gguf");

    [DataFact(Folder + "tokenizer_tests.json", Folder + "llama2_tokenizer.model")]
    public void Llama2Model_EncodeDecode_MatchesHuggingFace() => CheckHuggingFace("llama2_tokenizer.model", "coreml-projects/Llama-2-7b-chat-coreml");

    [DataFact(Folder + "tokenizer_tests.json", Folder + "llama3_tokenizer.model")]
    public void Llama3Ranks_EncodeDecode_MatchesHuggingFace() => CheckHuggingFace("llama3_tokenizer.model", "pcuenq/Llama-3.2-1B-Instruct-tokenizer");

    [DataFact(Folder + "tokenizer_tests.json", Folder + "gpt2.tiktoken")]
    public void Gpt2Ranks_EncodeDecode_MatchesHuggingFace() => CheckHuggingFace("gpt2.tiktoken", "distilgpt2");

    [DataFact("weights/stories260K/tok512.model", "weights/stories260K/tok512.bin", "corpora/tinyshakespeare.txt")]
    public void Llama2cBin_Encode_MatchesSentencePieceModel()
    {
        // The model removes extra spaces, which tokenizer.bin does not know of; so the text has none.
        string text = File.ReadAllText(TestData.Get("corpora/tinyshakespeare.txt"))[..20000].Replace("  ", " ").Trim();
        Tokenizer model = Tokenizer.Load(TestData.Get("weights/stories260K/tok512.model"));
        Tokenizer bin = Tokenizer.Load(TestData.Get("weights/stories260K/tok512.bin"));
        bin.VocabSize.ShouldBe(512);
        bin.Encode(text).ShouldMatch(model.Encode(text));
    }

    [DataFact("weights/stories260K/tinyllamas-stories-260k-f32.gguf", "weights/stories260K/tok512.bin", "corpora/names.txt")]
    public void StoriesGguf_Encode_MatchesLlama2cBin()
    {
        Tokenizer gguf = Tokenizer.FromGguf(GgufVocabularies.Read(TestData.Get("weights/stories260K/tinyllamas-stories-260k-f32.gguf")));
        Tokenizer bin = Tokenizer.Load(TestData.Get("weights/stories260K/tok512.bin"));
        string text = File.ReadAllText(TestData.Get("corpora/names.txt"))[..20000];
        gguf.Encode(text).ShouldMatch(bin.Encode(text));
    }

    [DataFact("weights/stories260K/stories260K_greedy.txt", "weights/stories260K/stories260K_greedy.ids")]
    public void Llama2cBin_Decode_MatchesGreedyText()
    {
        Tokenizer tokenizer = Tokenizer.Load(TestData.Get("weights/stories260K/tok512.bin"));
        int[] ids = File.ReadAllText(TestData.Get("weights/stories260K/stories260K_greedy.ids")).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray();
        tokenizer.Decode(ids).Trim().ShouldBe(File.ReadAllText(TestData.Get("weights/stories260K/stories260K_greedy.txt")).Trim());
    }

    [DataTheory("corpora/tinyshakespeare.txt", Folder + "bpe_tokenizer.json", Folder + "llama2_tokenizer.model", Folder + "llama3_tokenizer.model")]
    [InlineData("bpe_tokenizer.json", 450857)]
    [InlineData("llama2_tokenizer.model", 368634)]
    [InlineData("llama3_tokenizer.model", 301769)]
    [InlineData("gpt2.tiktoken", 338025)]
    public void Shakespeare_Encode_ComesBack(string file, int count)
    {
        // Witnesses: nanoGPT reports 301966 + 36059 tokens for GPT-2, SentencePiece itself gives Llama 2's number; the others pin what there is.
        Tokenizer tokenizer = Tokenizer.Load(TestData.Get(Folder + file));
        string text = File.ReadAllText(TestData.Get("corpora/tinyshakespeare.txt"));
        int[] ids = tokenizer.Encode(text);
        ids.Length.ShouldBe(count);
        tokenizer.Decode(ids).ShouldBe(text);
    }

    internal static (string Text, int[] Ids)[] Vectors(string name)
    {
        // The newline before each separator belongs to the separator.
        string[] texts = File.ReadAllText(TestData.Get(Folder + name + ".inp")).Split("\n__ggml_vocab_test__\n");
        string[] lines = File.ReadAllText(TestData.Get(Folder + name + ".out")).Split('\n');
        return texts.Select((text, i) => (text, lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray())).ToArray();
    }

    private static void CheckVectors(Tokenizer tokenizer, string name)
    {
        (string Text, int[] Ids)[] vectors = Vectors(name);
        vectors.Length.ShouldBeGreaterThan(40);
        foreach ((string text, int[] ids) in vectors)
        {
            tokenizer.Encode(text, addSpecial: false).ShouldMatch(ids, text);
            tokenizer.Decode(ids).ShouldBe(text);
        }
    }

    private static void CheckHuggingFace(string file, string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(TestData.Get(Folder + file));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(TestData.Get(Folder + "tokenizer_tests.json")));
        int cases = 0;
        foreach (JsonElement item in document.RootElement.GetProperty(name).EnumerateArray())
        {
            int[] ids = item.GetProperty("encoded").GetProperty("input_ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            tokenizer.Encode(item.GetProperty("input").GetString()!).ShouldBe(ids);
            CleanUp(tokenizer.Decode(ids, skipSpecial: true)).ShouldBe(CleanUp(item.GetProperty("decoded_without_special").GetString()!));
            CleanUp(tokenizer.Decode(ids, skipSpecial: false)).ShouldBe(CleanUp(item.GetProperty("decoded_with_special").GetString()!));
            cases++;
        }

        cases.ShouldBeGreaterThan(10);
    }

    // The witness tidied spaces before punctuation after decoding, which is no part of the tokenizer.
    private static string CleanUp(string text) => text.Replace(" .", ".").Replace(" ?", "?").Replace(" !", "!").Replace(" ,", ",");
}
