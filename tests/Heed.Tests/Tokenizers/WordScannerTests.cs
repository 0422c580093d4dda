using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

public class WordScannerTests
{
    public static TheoryData<string> Patterns =>
        [WordScanner.Gpt2Pattern, WordScanner.Llama3Pattern, WordScanner.Qwen2Pattern, WordScanner.O200kPattern, WordScanner.TekkenPattern];

    [Theory]
    [InlineData(WordScanner.Gpt2Pattern, "Hello  world's 123 ok!!\n\n x ", "Hello| | world|'s| 123| ok|!!|\n\n| x| ")]
    [InlineData(WordScanner.Gpt2Pattern, "'S it'sX", "'|S| it|'s|X")]
    [InlineData(WordScanner.Llama3Pattern, "Hello  world'S 12345 ok!!\n\n x ", "Hello| | world|'S| |123|45| ok|!!\n\n| x| ")]
    [InlineData(WordScanner.Llama3Pattern, "(abc \t\n  def", "(abc| \t\n| | def")]
    [InlineData(WordScanner.Qwen2Pattern, "a 123", "a| |1|2|3")]
    [InlineData(WordScanner.O200kPattern, "HTMLParser's fooBar /a/\n", "HTMLParser's| foo|Bar| /|a|/\n")]
    [InlineData(WordScanner.TekkenPattern, "HTMLParser's 12", "HTMLParser|'s| |1|2")]
    public void Split_KnownPattern_GivesWords(string pattern, string text, string words) =>
        string.Join('|', Words(WordScanner.For(pattern)!, text)).ShouldBe(words);

    [Fact]
    public void Split_BeyondBasicPlane_LettersAndNumbersCount()
    {
        // U+10400 is an upper-case letter, U+10428 its lower case, U+1D7D8 a digit, U+1F642 neither.
        Words(WordScanner.For(WordScanner.Gpt2Pattern)!, "a\U00010400 \U0001D7D8\U0001D7D9\U0001F642").ShouldBe(["a\U00010400", " \U0001D7D8\U0001D7D9", "\U0001F642"]);
        Words(WordScanner.For(WordScanner.Qwen2Pattern)!, "\U0001F642a\U0001D7D8\U0001D7D9").ShouldBe(["\U0001F642a", "\U0001D7D8", "\U0001D7D9"]);
        Words(WordScanner.For(WordScanner.TekkenPattern)!, "\U00010428\U00010400\U00010428").ShouldBe(["\U00010428", "\U00010400\U00010428"]);
        Words(RegexSplitter.Create("x", @"\p{L}+|\p{N}"), "\U00010400a\U0001D7D8\U0001D7D9").ShouldBe(["\U00010400a", "\U0001D7D8", "\U0001D7D9"]);
    }

    [Fact]
    public void Split_LongS_FoldsLikeUnicode() => Words(WordScanner.For(WordScanner.Llama3Pattern)!, "a'ſb").ShouldBe(["a", "'ſ", "b"]);

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Split_RandomText_MatchesRegex(string pattern)
    {
        // Witness: .NET's regular expressions, which are exact inside the basic plane; the long s is the one known difference.
        Regex regex = new(pattern, RegexOptions.CultureInvariant);
        WordSplitter scanner = WordScanner.For(pattern).ShouldNotBeNull();
        string alphabet = "aZé中ʰ\u0301ǅ09²Ⅷ '\t\r\n\u00A0\u3000.,/!-$ªsStTdDmMrRvVlLeE\u200D\u0903①";
        Prop.ForAll(Gen.Elements(alphabet.ToCharArray()).ArrayOf().Select(chars => new string(chars)).ToArbitrary(), text =>
            Words(scanner, text).SequenceEqual(regex.Matches(text).Select(match => match.Value)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1500).WithEndSize(60));
    }

    [Fact]
    public void Split_SeveralPatterns_OneAfterTheOther() =>
        Words(RegexSplitter.Create("x", @"\p{N}", WordScanner.Gpt2Pattern), "ab 12 c").ShouldBe(["ab", " ", "1", "2", " c"]);

    [Fact]
    public void Compile_BadPattern_NamesIt() =>
        Should.Throw<FileFormatException>(() => RegexSplitter.Create("x.json", "(")).Message.ShouldContain("'('");

    private static List<string> Words(WordSplitter splitter, string text)
    {
        List<int> ends = [];
        splitter.Split(text, ends);
        List<string> words = [];
        int from = 0;
        foreach (int end in ends)
        {
            words.Add(text[from..end]);
            from = end;
        }

        from.ShouldBe(text.Length);
        return words;
    }
}
