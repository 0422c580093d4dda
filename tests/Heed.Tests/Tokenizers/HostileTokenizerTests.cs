using System.Diagnostics;
using System.Text;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Broken and malicious files: each is a FileFormatException that names the file, soon and without large allocations.</summary>
public class HostileTokenizerTests
{
    private const string Json = """{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"added_tokens":[{"id":3,"content":"<s>","special":true}]}""";

    [Theory]
    [InlineData("\"a\":0", "\"a\":-1", "out of range")]
    [InlineData("\"a\":0", "\"a\":2000000000", "out of range")]
    [InlineData("\"a\":0", "\"a\":99999999999", "whole number")]
    [InlineData("\"a\":0", "\"a\":1.5", "whole number")]
    [InlineData("\"a\":0", "\"a\":1", "belongs to 'a' already")]
    [InlineData("\"a\":0", "\"a\":0,\"a\":5", "appears twice")]
    [InlineData("\"id\":3", "\"id\":1", "belongs to 'b' already")]
    [InlineData("\"a b\"", "\"ab\"", "need two tokens")]
    [InlineData("\"a b\"", "\"a b c\"", "need two tokens")]
    [InlineData("\"a b\"", "[\"a\"]", "need two tokens")]
    [InlineData("\"a b\"", "7", "need two tokens")]
    [InlineData("\"a b\"", "\"b a\"", "not in the vocabulary")]
    [InlineData("\"a b\"", "\"a zz\"", "not in the vocabulary")]
    [InlineData("\"merges\"", "\"mergers\"", "'merges' is missing")]
    [InlineData("\"BPE\"", "7", "expected a string")]
    [InlineData("\"BPE\"", "\"BPE\",\"unk_token\":\"zz\"", "'zz'")]
    [InlineData("\"BPE\"", "\"\\uD800\"", "not valid JSON")]
    [InlineData("{\"model\"", "{\"decoder\":[],\"model\"", "expected an object")]
    [InlineData("{\"model\"", "{\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\"}}],\"special_tokens\":{\"x\":{\"ids\":[77]}}},\"model\"", "id 77 is not in the vocabulary")]
    [InlineData("{\"model\"", "{\"decoder\":{\"type\":\"Strip\",\"content\":\" \",\"start\":-1,\"stop\":0},\"model\"", "Strip")]
    [InlineData("\"content\":\"<s>\"", "\"content\":\"\"", "content is empty")]
    [InlineData("}]}", "}]", "not valid JSON")]
    public void Json_BrokenPart_IsNamed(string old, string broken, string message)
    {
        SmallVocabularies.Json(Json).Encode("ab").ShouldBe([2]);
        Json.ShouldContain(old);
        FileFormatException error = Should.Throw<FileFormatException>(() => SmallVocabularies.Json(Json.Replace(old, broken)));
        error.Message.ShouldContain(message);
        error.Path.ShouldBe("tokenizer.json");
    }

    [Fact]
    public void Json_Deep_IsRefused()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"type\":\"Sequence\",\"normalizers\":[", 100_000));
        Should.Throw<FileFormatException>(() => SmallVocabularies.Json("{\"normalizer\":" + deep)).Message.ShouldContain("depth");
    }

    [Fact]
    public void Json_PatternThatTakesForever_IsStopped()
    {
        string text = new string('a', 40) + "!";
        RegexMatcher matcher = new("tokenizer.json", "(a+)+$", TimeSpan.FromMilliseconds(50));
        FileFormatException error = Should.Throw<FileFormatException>(() => matcher.Find(text, []));
        error.Path.ShouldBe("tokenizer.json");
        error.Message.ShouldContain("'(a+)+$' takes more than 0.05 s");
    }

    [Theory]
    [InlineData("\"String\":\"a\"")]
    [InlineData("\"Regex\":\"a\"")]
    public void Json_NormalizersThatDoubleTheText_AreStopped(string pattern)
    {
        string doubling = $$"""{"type":"Replace","pattern":{{{pattern}}},"content":"aa"}""";
        HuggingFaceTokenizer Doubling(int times) =>
            SmallVocabularies.Json("{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[" + string.Join(',', Enumerable.Repeat(doubling, times)) + "]}," + Json[1..]);
        Doubling(3).Encode("a").Length.ShouldBe(8);
        HuggingFaceTokenizer hostile = Doubling(29);

        FileFormatException error = Should.Throw<FileFormatException>(() => hostile.Encode("a"));

        error.Path.ShouldBe("tokenizer.json");
        error.Message.ShouldContain("at most 1048640 are allowed");
    }

    [Theory]
    [InlineData("YQ==")]
    [InlineData("YQ== x")]
    [InlineData("YQ== 1 2")]
    [InlineData("Y*== 1")]
    [InlineData(" 1")]
    [InlineData("YQ== -1")]
    [InlineData("YQ== 999999999")]
    [InlineData("YQ== 99999999999999999999")]
    [InlineData("YWE= 0")]
    public void Ranks_BrokenLine_SaysWhere(string line)
    {
        byte[] data = [.. Encoding.ASCII.GetBytes("YWE= 300\n"), .. SmallVocabularies.Ranks().AsSpan(0, 2200), .. Encoding.ASCII.GetBytes("\n" + line + "\n")];
        FileFormatException error = Should.Throw<FileFormatException>(() => TiktokenFile.Read("x.tiktoken", data, null));
        error.Message.ShouldContain("x.tiktoken");
        error.Message.ShouldContain("line");
    }

    [Fact]
    public void Ranks_Incomplete_SayWhichByte()
    {
        Should.Throw<FileFormatException>(() => TiktokenFile.Read("x", "YQ== 0\nYg== 1\n"u8, null)).Message.ShouldContain("no token for the byte 0x00");
        string twice = Encoding.ASCII.GetString(SmallVocabularies.Ranks()) + "YWE= 400\n";
        Should.Throw<FileFormatException>(() => TiktokenFile.Read("x", Encoding.ASCII.GetBytes(twice), null)).Message.ShouldContain("token appears twice");
        TiktokenOptions taken = SmallVocabularies.Options(first: 3);
        Should.Throw<FileFormatException>(() => TiktokenFile.Read("x", SmallVocabularies.Ranks(), taken)).Message.ShouldContain("is taken");
        string longToken = Encoding.ASCII.GetString(SmallVocabularies.Ranks()) + Convert.ToBase64String(new byte[5000]) + " 300\n";
        Should.Throw<FileFormatException>(() => TiktokenFile.Read("x", Encoding.ASCII.GetBytes(longToken), null)).Message.ShouldContain("1024 bytes");
    }

    [Fact]
    public void SentencePiece_BrokenModels_SayWhy()
    {
        Error(new SentencePieceBuilder().AddAll("a", "a").ToProtobuf()).ShouldContain("'a' appears twice");
        Error(new SentencePieceBuilder().Add("").ToProtobuf()).ShouldContain("piece 3 is empty");
        Error(new SentencePieceBuilder().Add("a", float.NaN).ToProtobuf()).ShouldContain("not a number");
        Error(new SentencePieceBuilder().Add("a", 0, (TokenKind)9).ToProtobuf()).ShouldContain("type 9");
        Error(new SentencePieceBuilder().Add("zz", 0, TokenKind.Byte).ToProtobuf()).ShouldContain("'zz' does not name a byte");
        Error(new SentencePieceBuilder().Add(new string('a', 2000)).ToProtobuf()).ShouldContain("2000 characters");
        Error(new SentencePieceBuilder { ModelType = 3 }.ToProtobuf()).ShouldContain("model type 3");
        Error(new SentencePieceBuilder { CharsMap = [1, 0, 0, 0, 9] }.ToProtobuf()).ShouldContain("precompiled_charsmap");
        Error([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]).ShouldContain("claims 2147483647 bytes");
        Error([0x0A, 0x03, 0x0A, 0x01, 0xFF]).ShouldContain("not valid UTF-8");
        Error([0x0A, 0x02, 0x0A, 0xFF]).ShouldContain("ends inside a number");
        static string Error(byte[] data)
        {
            FileFormatException error = Should.Throw<FileFormatException>(() => new SentencePieceTokenizer(SentencePieceFile.Read("x.model", data)));
            error.Path.ShouldBe("x.model");
            return error.Message;
        }
    }

    [Fact]
    public void Llama2c_BrokenFiles_SayWhere()
    {
        byte[] good = new SentencePieceBuilder().AddAll("a", "b").ToLlama2c();
        byte[] huge = good.ToArray();
        BitConverter.GetBytes(int.MaxValue).CopyTo(huge, 8);
        Error(huge).ShouldContain("a token of 2147483647 bytes");
        Error(good[..^1]).ShouldContain("a token of");
        Error(good[..12]).ShouldContain("token 0");
        Error([7, 0, 0, 0]).ShouldContain("at least");
        Error([0xFF, 0xFF, 0xFF, 0xFF, 0]).ShouldContain("longest token");
        static string Error(byte[] data) => Should.Throw<FileFormatException>(() => Llama2cVocabularyFile.Read("x.bin", data)).Message;
    }

    [Fact]
    public void Gguf_InconsistentArrays_AreNamed()
    {
        GgufVocabulary good = ByteLevelBpeTests.Gguf("gpt-2", ["a b"], "a", "b", "ab");
        Tokenizer.FromGguf(good).VocabSize.ShouldBe(3);
        Error(good with { Tokens = [] }).ShouldContain("tokenizer.ggml.tokens");
        Error(good with { TokenTypes = [1] }).ShouldContain("1 types for 3 tokens");
        Error(good with { TokenTypes = [1, 1, 77] }).ShouldContain("type 77");
        Error(good with { Scores = [1] }).ShouldContain("1 scores for 3 tokens");
        Error(good with { BosId = 3 }).ShouldContain("tokenizer.ggml.bos_token_id");
        Error(good with { EosId = -1 }).ShouldContain("tokenizer.ggml.eos_token_id");
        Error(good with { MoreStopIds = [9] }).ShouldContain("eot_token_id");
        Error(good with { Merges = ["ab"] }).ShouldContain("merge 0");
        Error(good with { Merges = ["a b", "b a"] }).ShouldContain("merge 1");
        Error(good with { Tokens = ["a", "b", "ab", "a"] }).ShouldContain("'a' appears twice");
        Error(good with { Model = "llama" }).ShouldContain("scores");
        static string Error(GgufVocabulary gguf) => Should.Throw<FileFormatException>(() => Tokenizer.FromGguf(gguf)).Message;
    }

    [Fact]
    public void Load_OtherFiles_AreRefused()
    {
        using TemporaryFolder folder = new();
        Error(folder.Write("a", [])).ShouldContain("too few");
        Error(folder.Write("b", "GGUF and more"u8.ToArray())).ShouldContain("FromGguf");
        Error(folder.Write("c", "just some text\nof a kind"u8.ToArray())).ShouldContain("neither");
        Error(folder.Write("d", new byte[100])).ShouldContain("neither");
        Should.Throw<FileNotFoundException>(() => Tokenizer.Load(folder.Path)).Message.ShouldContain("tokenizer.json");
        Should.Throw<FileNotFoundException>(() => Tokenizer.Load(Path.Combine(folder.Path, "absent")));
        static string Error(string path) => Should.Throw<FileFormatException>(() => Tokenizer.Load(path)).Message;
    }

    [Fact]
    public void Load_MutatedFiles_NeverCrashOrHang()
    {
        using TemporaryFolder folder = new();
        string saved = Path.Combine(folder.Path, "saved.json");
        SmallVocabularies.ByteLevel().SaveJson(saved);
        byte[][] files =
        [
            SmallVocabularies.SentencePieceBuilder().ToProtobuf(), SmallVocabularies.SentencePieceBuilder().ToLlama2c(), SmallVocabularies.Ranks(),
            Encoding.UTF8.GetBytes(Json), File.ReadAllBytes(saved),
            new SentencePieceBuilder { ModelType = 1, CharsMap = SentencePieceBuilder.MakeCharsMap(("ab", "c"), ("é", "")) }.AddAll("a", "b", "▁a").ToProtobuf(),
        ];
        Random random = new(20240607);
        long start = Stopwatch.GetTimestamp();
        int refused = 0, read = 0;
        for (int trial = 0; trial < 4000 && Stopwatch.GetElapsedTime(start).TotalSeconds < 10; trial++)
        {
            string path = folder.Write("mutated", Mutate(files[trial % files.Length], random));
            try
            {
                Tokenizer tokenizer = Tokenizer.Load(path);
                tokenizer.Decode(tokenizer.Encode("hello the abc é <s> 日本", parseSpecial: true), skipSpecial: false);
                read++;
            }
            catch (FileFormatException error)
            {
                error.Path.ShouldBe(path);
                refused++;
            }
        }

        refused.ShouldBeGreaterThan(20);
        read.ShouldBeGreaterThan(20);
    }

    private static byte[] Mutate(byte[] file, Random random)
    {
        List<byte> data = [.. file];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(data.Count), length = Math.Min(random.Next(1, 9), data.Count - at);
            switch (random.Next(5))
            {
                case 0: data[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: data[at] = (byte)random.Next(256); break;
                case 2: data.RemoveRange(at, length); break;
                case 3: data.InsertRange(at, data.GetRange(random.Next(data.Count - length + 1), length)); break;
                default: data.RemoveRange(Math.Max(4, at), data.Count - Math.Max(4, at)); break;
            }

            if (data.Count < 8) return [.. data];
        }

        return [.. data];
    }
}
