using System.Globalization;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Words by regular expressions that are not among the known ones, one after the other; what lies between matches is a word too.
/// .NET's expressions work on UTF-16 units, so characters beyond the basic plane are matched as a stand-in of their category.
/// </summary>
internal sealed class RegexSplitter : WordSplitter
{
    private readonly string[] _patterns;
    private readonly WordSplitter?[] _known;
    private readonly FilePattern[] _regexes;

    private RegexSplitter(string path, IReadOnlyList<string> patterns)
    {
        _patterns = patterns.ToArray();
        _known = patterns.Select(pattern => (WordSplitter?)WordScanner.For(pattern)).ToArray();
        _regexes = patterns.Select(pattern => new FilePattern(path, pattern)).ToArray();
    }

    public override IReadOnlyList<string> Patterns => _patterns;

    /// <summary>The splitter for patterns that are applied one after the other.</summary>
    public static WordSplitter Create(string path, params IReadOnlyList<string> patterns) =>
        patterns.Count == 1 && WordScanner.For(patterns[0]) is { } scanner ? scanner : new RegexSplitter(path, patterns);

    /// <summary>The text with each character beyond the basic plane as one stand-in of its category.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="origin">For each character and for the end its place in the text; null where nothing changed.</param>
    public static ReadOnlySpan<char> MapToBasicPlane(ReadOnlySpan<char> text, out int[]? origin)
    {
        origin = null;
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return text;
        StringBuilder mapped = new(text.Length);
        List<int> origins = new(text.Length + 1);
        for (int at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(text[at..], out Rune rune, out int length);
            mapped.Append(rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune)));
            origins.Add(at);
            at += length;
        }

        origins.Add(text.Length);
        origin = origins.ToArray();
        return mapped.ToString();
    }

    public override void Split(ReadOnlySpan<char> text, List<int> ends)
    {
        List<int> coarse = [text.Length];
        for (int i = 0; i < _regexes.Length; i++)
        {
            List<int> fine = [];
            int from = 0;
            foreach (int end in coarse)
            {
                SplitWord(i, text[from..end], from, fine);
                from = end;
            }

            coarse = fine;
        }

        ends.AddRange(coarse);
    }

    private void SplitWord(int stage, ReadOnlySpan<char> word, int offset, List<int> ends)
    {
        int first = ends.Count;
        if (_known[stage] is { } known)
        {
            known.Split(word, ends);
            for (int i = first; i < ends.Count; i++) ends[i] += offset;
            return;
        }

        ReadOnlySpan<char> mapped = MapToBasicPlane(word, out int[]? origin);
        int last = 0;
        foreach ((int start, int end) in _regexes[stage].Matches(mapped))
        {
            if (start > last) ends.Add(offset + (origin?[start] ?? start));
            last = end;
            if (end > start) ends.Add(offset + (origin?[last] ?? last));
        }

        if (last < mapped.Length) ends.Add(offset + word.Length);
    }

    // One seldom used character of each category stands for all that lie beyond the basic plane.
    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\uA640',
        UnicodeCategory.LowercaseLetter => '\uA641',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\uA60C',
        UnicodeCategory.OtherLetter => '\uA500',
        UnicodeCategory.NonSpacingMark => '\uA806',
        UnicodeCategory.SpacingCombiningMark => '\uA823',
        UnicodeCategory.EnclosingMark => '\uA670',
        UnicodeCategory.DecimalDigitNumber => '\uA620',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\u2054',
        UnicodeCategory.DashPunctuation => '\u1806',
        UnicodeCategory.OpenPunctuation => '\u2E22',
        UnicodeCategory.ClosePunctuation => '\u2E23',
        UnicodeCategory.InitialQuotePunctuation => '\u2E02',
        UnicodeCategory.FinalQuotePunctuation => '\u2E03',
        UnicodeCategory.OtherPunctuation => '\uA673',
        UnicodeCategory.MathSymbol => '\u2A00',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.OtherSymbol => '\uA490',
        UnicodeCategory.Format => '\u2061',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFFFE',
    };
}
