using System.Text;
using Heed.Tests.Tokenizers;
using Heed.Training.Data;

namespace Heed.Tests.Training.Data;

public class TextSourceTests
{
    [Theory]
    [InlineData(DocumentRule.File, "one\n\n two\r\n<|endoftext|>\nthree\n|x")]
    [InlineData(DocumentRule.SeparatorLine, "one\n\n two|three|x")]
    [InlineData(DocumentRule.BlankLine, "one|two\r\n<|endoftext|>\nthree|x")]
    [InlineData(DocumentRule.Line, "one|two|<|endoftext|>|three|x")]
    public void Read_EachRule_CutsDocuments(DocumentRule rule, string expected)
    {
        using TemporaryFolder folder = new();
        folder.Write("a.txt", "one\n\n two\r\n<|endoftext|>\nthree\n"u8.ToArray());
        folder.Write("b.txt", "\uFEFFx"u8.ToArray());
        folder.Write("c.txt", []);
        TextSource source = new(folder.Path, new TextSourceOptions { Documents = rule });
        DocumentPiece[] pieces = source.Read().ToArray();
        pieces.Select(piece => piece.Text).ShouldBe(expected.Replace("<|endoftext|>", "\u0001").Split('|').Select(text => text.Replace("\u0001", "<|endoftext|>")));
        pieces.ShouldAllBe(piece => piece.EndsDocument);
        pieces[^1].BytesRead.ShouldBe(source.TotalBytes);
    }

    [Fact]
    public void Files_OfAFolder_AreTextFilesInOrdinalOrder()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(Path.Combine(folder.Path, "Z"));
        foreach (string name in new[] { "b.txt", "B.md", "a.bin", "Z/c.jsonl", "é.txt", "a.TXT" }) folder.Write(name, "x"u8.ToArray());
        new TextSource(folder.Path).Files.Select(file => Path.GetRelativePath(folder.Path, file).Replace('\\', '/')).ShouldBe(["B.md", "Z/c.jsonl", "a.TXT", "b.txt", "é.txt"]);
        new TextSource(Path.Combine(folder.Path, "a.bin")).Files.Count.ShouldBe(1);
        Should.Throw<FileNotFoundException>(() => new TextSource(Path.Combine(folder.Path, "none"))).Message.ShouldContain("no file or folder");
        Directory.CreateDirectory(Path.Combine(folder.Path, "empty"));
        Should.Throw<FileNotFoundException>(() => new TextSource(Path.Combine(folder.Path, "empty"))).Message.ShouldContain("holds no *.txt");
    }

    [Fact]
    public void Read_JsonLines_GivesTheirTexts()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("a.jsonl", "{\"text\": \"one\\ntwo\", \"n\": 1}\n\n{\"text\": \"\"}\n{\"text\":\"日\"}"u8.ToArray());
        new TextSource(file).ReadTexts().ShouldBe(["one\ntwo", "日"]);
        foreach ((string text, string message) in new[] { ("{\"text\": 1}", "'line 2'"), ("[]", "'text'"), ("{", "not valid JSON"), (new string('[', 100), "not valid JSON") })
        {
            folder.Write("a.jsonl", Encoding.UTF8.GetBytes("{\"text\":\"a\"}\n" + text));
            Should.Throw<FileFormatException>(() => new TextSource(file).Read().Count()).Message.ShouldContain(message);
        }
    }

    [Fact]
    public void Read_InvalidUtf8_IsAnErrorThatSaysWhereOrReplaced()
    {
        using TemporaryFolder folder = new();
        byte[] data = [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("äöü\n", 30000))), 0xC3, (byte)'x', 0xE6, 0x97];
        string file = folder.Write("a.txt", data);
        Should.Throw<FileFormatException>(() => new TextSource(file).Read().Count()).Offset.ShouldBe(data.Length - 4);
        string text = string.Concat(new TextSource(file, new TextSourceOptions { ReplaceInvalidUtf8 = true }).ReadTexts());
        text.ShouldBe(Encoding.UTF8.GetString(data));
        folder.Write("a.txt", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("hello")).ToArray());
        Should.Throw<FileFormatException>(() => new TextSource(file).Read().Count()).Message.ShouldContain("UTF-16");
    }

    [Fact]
    public void Read_LongDocuments_ComeInPartsThatMakeTheWhole()
    {
        using TemporaryFolder folder = new();
        string text = string.Concat(Enumerable.Range(0, 300_000).Select(i => i % 9 == 0 ? $"line {i} 日本\n" : $"word {i} 🙂, "));
        string file = folder.Write("a.txt", Encoding.UTF8.GetBytes(text));
        DocumentPiece[] pieces = new TextSource(file).Read().ToArray();
        pieces.Length.ShouldBeGreaterThan(2);
        pieces.Select(piece => piece.EndsDocument).ShouldBe([.. Enumerable.Repeat(false, pieces.Length - 1), true]);
        string.Concat(pieces.Select(piece => piece.Text)).ShouldBe(text);
        // One line without any seam.
        folder.Write("a.txt", Encoding.ASCII.GetBytes(new string('x', 3_000_000)));
        new TextSource(file).ReadTexts().Single().Length.ShouldBe(3_000_000);
    }
}
