namespace Heed.Tokenizers;

/// <summary>
/// Where text may be cut into words without changing its encoding: before a run of "▁", if no token holds a "▁"
/// after another character. Words repeat, so that their ids can be remembered.
/// </summary>
internal static class WordBoundary
{
    private const char Meta = '▁';

    /// <summary>Whether no token reaches over such a boundary.</summary>
    public static bool IsSafe(IEnumerable<string> tokens) => tokens.All(token => token.AsSpan().TrimStart(Meta).IndexOf(Meta) < 0);

    /// <summary>The length of the first word: up to the next "▁" that follows another character.</summary>
    public static int FirstWord(ReadOnlySpan<char> text)
    {
        int lead = text.IndexOfAnyExcept(Meta);
        if (lead < 0) return text.Length;
        int next = text[lead..].IndexOf(Meta);
        return next < 0 ? text.Length : lead + next;
    }
}
