namespace Heed.Tokenizers;

/// <summary>
/// Where a long text may be cut so that its parts, encoded one by one, give the ids of the whole: no word of a known pattern
/// reaches over a line break between two characters that are not white space, nor over the front of a space between two letters.
/// </summary>
internal static class TextSeam
{
    /// <summary>The length of the longest part of a text that ends at a seam, or 0 where there is none.</summary>
    public static int FindLast(ReadOnlySpan<char> text)
    {
        for (int at = text.Length - 1; at > 0;)
        {
            int found = text[..at].LastIndexOfAny(' ', '\n');
            if (found <= 0) return 0;
            // One of the known patterns takes slashes after a line break along.
            if (text[found] == '\n' && IsText(text[found - 1]) && IsText(text[found + 1]) && text[found + 1] != '/') return found + 1;
            if (text[found] == ' ' && char.IsLetter(text[found - 1]) && char.IsLetter(text[found + 1])) return found;
            at = found;
        }

        return 0;
    }

    // A surrogate may be part of anything, so it is no seam's neighbour.
    private static bool IsText(char c) => !char.IsWhiteSpace(c) && !char.IsControl(c) && !char.IsSurrogate(c);
}
