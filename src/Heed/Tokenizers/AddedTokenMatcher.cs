using System.Buffers;
using System.Globalization;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>Finds added tokens in text: the leftmost, and the longest of those that begin there.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly PrefixTrie _trie = new();
    private readonly AddedToken[] _tokens;
    private readonly SearchValues<char> _firstAny;
    private readonly SearchValues<char> _firstPlain;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        _tokens = tokens.Where(token => token.Text.Length > 0).ToArray();
        for (int i = 0; i < _tokens.Length; i++) _trie.Add(_tokens[i].Text, i);
        _firstAny = SearchValues.Create(_tokens.Select(token => token.Text[0]).Distinct().ToArray());
        _firstPlain = SearchValues.Create(_tokens.Where(token => !token.Special).Select(token => token.Text[0]).Distinct().ToArray());
    }

    /// <summary>
    /// The first token at or after <paramref name="from"/>: where it begins and ends with the space that it takes along.
    /// White space before <paramref name="from"/> is never taken.
    /// </summary>
    public AddedToken? Find(ReadOnlySpan<char> text, int from, bool special, out int start, out int end)
    {
        SearchValues<char> first = special ? _firstAny : _firstPlain;
        (start, end) = (text.Length, text.Length);
        for (int at = from; at < text.Length; at++)
        {
            int step = text[at..].IndexOfAny(first);
            if (step < 0) return null;
            at += step;
            AddedToken? token = LongestAt(text, at, special);
            if (token is null) continue;
            (start, end) = (at, at + token.Text.Length);
            if (token.SingleWord && (EndsWithWord(text[..start]) || StartsWithWord(text[end..])))
            {
                at = end - 1;
                continue;
            }

            if (token.StripsLeft) start = from + text[from..start].TrimEnd().Length;
            if (token.StripsRight) end = text.Length - text[end..].TrimStart().Length;
            return token;
        }

        (start, end) = (text.Length, text.Length);
        return null;
    }

    private AddedToken? LongestAt(ReadOnlySpan<char> text, int at, bool special)
    {
        AddedToken? longest = null;
        for (int node = PrefixTrie.Root; at < text.Length; at++)
        {
            node = _trie.Step(node, text[at]);
            if (node < 0) break;
            int token = _trie.Value(node);
            if (token >= 0 && (special || !_tokens[token].Special)) longest = _tokens[token];
        }

        return longest;
    }

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
}
