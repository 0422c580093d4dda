using System.Buffers.Binary;
using System.Text;
using Heed.Tests.Tokenizers;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Tests.Training.Data;

public class TokenFileTests
{
    private static readonly ByteLevelBpeTokenizer s_bytes = new BpeTrainer(new BpeTrainerOptions { VocabSize = 300 }).Train(["a fox and a kite, a fox and a hill"]);

    [Fact]
    public void Write_ThenOpen_GivesTheDocuments()
    {
        using TemporaryFolder folder = new();
        folder.Write("a.txt", "a fox\n\na kite and 日本\n\na hill"u8.ToArray());
        foreach (Tokenizer tokenizer in new Tokenizer[] { s_bytes, SmallVocabularies.SentencePiece(), Wide() })
        {
            TextSource source = new(Path.Combine(folder.Path, "a.txt"), new TextSourceOptions { Documents = DocumentRule.BlankLine });
            string path = Path.Combine(folder.Path, "a.tokens");
            List<TokenizeProgress> reports = [];
            TokenFile.Write(path, source, tokenizer, new Recorder(reports));
            using TokenFile file = TokenFile.Open(path);
            TokenMemory memory = TokenMemory.FromSource(source, tokenizer);
            string[] texts = ["a fox", "a kite and 日本", "a hill"];
            foreach (TokenCorpus corpus in new TokenCorpus[] { file, memory })
            {
                (corpus.DocumentCount, corpus.VocabSize, corpus.Fingerprint, corpus.TextBytes).ShouldBe((3, tokenizer.VocabSize, TokenizerFingerprint.Of(tokenizer), 5 + 17 + 6));
                for (int document = 0; document < 3; document++)
                {
                    int[] expected = [.. tokenizer.AddsBos ? (int[])[tokenizer.BosId!.Value] : [], .. tokenizer.Encode(texts[document], addSpecial: false), tokenizer.EosId!.Value];
                    int[] ids = new int[corpus.DocumentStart(document + 1) - corpus.DocumentStart(document)];
                    corpus.Read(corpus.DocumentStart(document), ids);
                    ids.ShouldBe(expected);
                }

                Should.Throw<ArgumentOutOfRangeException>(() => corpus.Read(corpus.TokenCount - 1, new int[2]));
                Should.Throw<ArgumentOutOfRangeException>(() => corpus.DocumentStart(4));
            }

            reports[^1].ShouldBe(new TokenizeProgress(source.TotalBytes, source.TotalBytes, file.TokenCount, 3));
            file.RequireTokenizer(tokenizer);
            Should.Throw<ArgumentException>(() => file.RequireTokenizer(CharacterTokenizer.Train("a"))).Message.ShouldContain("another tokenizer");
        }

        Directory.GetFiles(folder.Path).Length.ShouldBe(2); // no temporary file is left
    }

    [Fact]
    public void Fingerprint_SavedAndLoaded_IsTheSame()
    {
        using TemporaryFolder folder = new();
        string[] prints = new Tokenizer[] { s_bytes, CharacterTokenizer.Train("a fox"), CharacterTokenizer.Train("a fix") }.Select(tokenizer =>
        {
            tokenizer.SaveHuggingFace(folder.Path);
            TokenizerFingerprint.Of(Tokenizer.Load(folder.Path)).ShouldBe(TokenizerFingerprint.Of(tokenizer));
            return TokenizerFingerprint.Of(tokenizer);
        }).ToArray();
        prints.Distinct().Count().ShouldBe(3);
    }

    [Fact]
    public void Write_LongDocument_IsEncodedAsAWhole()
    {
        using TemporaryFolder folder = new();
        string text = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"fox {i % 97} and kite's\n"));
        TextSource source = new(folder.Write("a.txt", Encoding.UTF8.GetBytes(text)));
        source.Read().Count().ShouldBeGreaterThan(1);
        foreach (Tokenizer tokenizer in new Tokenizer[] { s_bytes, SmallVocabularies.SentencePiece() })
        {
            TokenMemory memory = TokenMemory.FromSource(source, tokenizer);
            int[] ids = new int[memory.TokenCount];
            memory.Read(0, ids);
            int[] expected = [.. tokenizer.AddsBos ? (int[])[tokenizer.BosId!.Value] : [], .. tokenizer.Encode(text, addSpecial: false), tokenizer.EosId!.Value];
            ids.AsSpan().SequenceEqual(expected).ShouldBeTrue();
            memory.DocumentCount.ShouldBe(1);
        }
    }

    [Fact]
    public void Write_EmptyOrCancelledOrBroken_LeavesTheTarget()
    {
        using TemporaryFolder folder = new();
        string empty = folder.Write("empty.txt", "\n \n"u8.ToArray()), path = folder.Write("a.tokens", "old"u8.ToArray());
        TextSource lines = new(empty, new TextSourceOptions { Documents = DocumentRule.Line });
        Should.Throw<FileFormatException>(() => TokenFile.Write(path, lines, s_bytes)).Message.ShouldContain("holds no text");
        Should.Throw<FileFormatException>(() => TokenMemory.FromSource(lines, s_bytes)).Message.ShouldContain("holds no text");
        Should.Throw<OperationCanceledException>(() => TokenFile.Write(path, new TextSource(empty), s_bytes, cancellation: new CancellationToken(canceled: true)));
        File.ReadAllText(path).ShouldBe("old");
        Directory.GetFiles(folder.Path).Length.ShouldBe(2);
    }

    [Theory]
    [InlineData(0, 1, "HEEDTOKS")]
    [InlineData(8, 2, "version 2")]
    [InlineData(12, 3, "ids of 3 bytes")]
    [InlineData(16, 0, "a vocabulary of 0")]
    [InlineData(16, -1, "a vocabulary of -1")]
    [InlineData(40, 0, "0 tokens")]
    [InlineData(40, -1, "tokens do not fit")]
    [InlineData(40, 9, "take")]
    [InlineData(47, 0x7F, "tokens do not fit")]
    [InlineData(48, 0, "0 documents")]
    [InlineData(48, 4, "take")]
    [InlineData(55, 0x70, "documents")]
    [InlineData(63, -1, "bytes of text")]
    [InlineData(80, 1, "begins at token 1")]
    [InlineData(88, 0, "begins at token 0, after one at 0")]
    [InlineData(88, 8, "before the end at 8")]
    public void Open_BrokenFile_IsAnError(int offset, int value, string message)
    {
        using TemporaryFolder folder = new();
        byte[] data = Good();
        if (offset % 4 == 0) BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(offset), value);
        else data[offset] = (byte)value;
        if (offset == 40 && value == -1) data.AsSpan(40, 8).Fill(0xFF);
        Should.Throw<FileFormatException>(() => TokenFile.Open(folder.Write("a.tokens", data))).Message.ShouldContain(message);
    }

    [Fact]
    public void Open_CutOffAnywhere_IsAnError()
    {
        using TemporaryFolder folder = new();
        byte[] data = Good();
        for (int length = 0; length < data.Length; length++)
        {
            string file = folder.Write("a.tokens", data[..length]);
            Should.Throw<FileFormatException>(() => TokenFile.Open(file));
        }
    }

    [Fact]
    public void Read_IdOutsideOfTheVocabulary_IsAnErrorThatSaysWhere()
    {
        using TemporaryFolder folder = new();
        byte[] data = Good();
        data[64 + 6] = 200;
        using TokenFile file = TokenFile.Open(folder.Write("a.tokens", data));
        file.Read(0, new int[3]);
        Should.Throw<FileFormatException>(() => file.Read(0, new int[8])).Offset.ShouldBe(64 + 6);
    }

    // Eight ids of two bytes and two documents: 64 + 16 + 16 bytes.
    private static byte[] Good()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "good");
        using (TokenFileWriter writer = new(path, 100))
        {
            writer.BeginDocument();
            writer.Add([1, 2, 3]);
            writer.BeginDocument();
            writer.Add([4, 5, 6, 7, 8]);
            writer.Finish(new string('a', 32), 20);
        }

        byte[] data = File.ReadAllBytes(path);
        data.Length.ShouldBe(96);
        return data;
    }

    // More than 65536 ids, which take four bytes each.
    private static Tokenizer Wide() => CharacterTokenizer.Train(
        string.Concat(Enumerable.Range(0, 70_000).Where(value => value is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)),
        new CharacterTokenizerOptions { SpecialTokens = ["</s>"], Eos = "</s>" });

    private sealed class Recorder(List<TokenizeProgress> reports) : IProgress<TokenizeProgress>
    {
        public void Report(TokenizeProgress value) => reports.Add(value);
    }
}
