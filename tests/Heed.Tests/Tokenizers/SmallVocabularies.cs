using System.Text;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Small tokenizers of each kind that spell any text.</summary>
internal static class SmallVocabularies
{
    public static SentencePieceBuilder SentencePieceBuilder(bool dummyPrefix = true) => new SentencePieceBuilder { ByteFallback = true, AddDummyPrefix = dummyPrefix }
        .AddBytes()
        .AddAll("he", "ll", "▁t", "hell", "▁the", "hello", "▁▁", "▁w", "or", "▁wor", "ld", "▁world", "aa", "aaaa", "é", "日", "日本")
        .AddAll("▁", "h", "e", "l", "o", "t", "w", "r", "d", "a", "本", "🙂");

    public static SentencePieceTokenizer SentencePiece(bool dummyPrefix = true) => SentencePieceBuilder(dummyPrefix).Build();

    /// <summary>Ranks: the 256 bytes in GPT-2's order, then merges trained on a few words.</summary>
    public static byte[] Ranks(params string[] more)
    {
        IEnumerable<byte> printable = Enumerable.Range(0, 256).Select(value => (byte)value).OrderBy(value => ByteAlphabet.Letter(value));
        IEnumerable<byte[]> tokens = printable.Select(value => new[] { value })
            .Concat(new[] { " t", "he", " the", "in", "ing", " w", "or", " wor", "ld", " world", "ll", "hell", "hello", "  ", "\n\n", "aa", "aaaa", "é", "日" }.Concat(more).Select(Encoding.UTF8.GetBytes));
        return Encoding.ASCII.GetBytes(string.Concat(tokens.Select((token, rank) => $"{Convert.ToBase64String(token)} {rank}\n")));
    }

    public static TiktokenOptions Options(string pattern = WordScanner.Llama3Pattern, int first = 275) => new()
    {
        Pattern = pattern,
        SpecialTokens = new Dictionary<string, int>
        {
            ["<|begin_of_text|>"] = first,
            ["<|end_of_text|>"] = first + 1,
            ["<|start_header_id|>"] = first + 2,
            ["<|end_header_id|>"] = first + 3,
            ["<|eot_id|>"] = first + 4,
            ["<|im_start|>"] = first + 5,
            ["<|im_end|>"] = first + 6,
        },
        Bos = "<|begin_of_text|>",
        Eos = "<|end_of_text|>",
        AddBos = true,
    };

    public static ByteLevelBpeTokenizer ByteLevel(string pattern = WordScanner.Llama3Pattern) => TiktokenFile.Read("test.tiktoken", Ranks(), Options(pattern));

    public static HuggingFaceTokenizer Json(string json) => HuggingFaceTokenizer.Read("tokenizer.json", Encoding.UTF8.GetBytes(json));

    /// <summary>Every small tokenizer, by a name.</summary>
    public static IEnumerable<(string Name, Tokenizer Tokenizer)> All()
    {
        yield return ("sentencepiece", SentencePiece());
        yield return ("sentencepiece without prefix", SentencePiece(dummyPrefix: false));
        yield return ("byte-level", ByteLevel());
        yield return ("byte-level gpt-2", ByteLevel(WordScanner.Gpt2Pattern));
        yield return ("byte-level o200k", ByteLevel(WordScanner.O200kPattern));
        yield return ("byte-level regex", ByteLevel(@"\p{L}+|\p{N}|\s+|."));
        using TemporaryFolder folder = new();
        foreach ((string name, Tokenizer tokenizer) in new (string, Tokenizer)[] { ("json of sentencepiece", SentencePiece()), ("json of byte-level", ByteLevel()) })
        {
            string path = Path.Combine(folder.Path, "tokenizer.json");
            tokenizer.SaveJson(path);
            yield return (name, Tokenizer.Load(path));
        }
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("heed-tokenizers-").FullName;

    public string Write(string name, byte[] data)
    {
        string file = System.IO.Path.Combine(Path, name);
        File.WriteAllBytes(file, data);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
