namespace Heed.Tokenizers;

/// <summary>
/// Where text may be cut without changing its encoding: between two characters that are never neighbours inside a token,
/// nothing can merge. The short words this gives repeat, so that their ids can be remembered.
/// </summary>
internal sealed class WordBoundary
{
    private const char Meta = '▁';
    private const int Ascii = 128, MetaClass = 128, OtherClass = 129, Classes = 130;
    private readonly bool[] _neighbours = new bool[Classes * Classes];

    /// <param name="tokens">Every token that a merge can make.</param>
    /// <param name="isKnown">Whether a character has a token; those without one stay with their neighbours. Null takes all for known.</param>
    public WordBoundary(IEnumerable<string> tokens, Func<char, bool>? isKnown = null)
    {
        foreach (string token in tokens)
            for (int i = 1; i < token.Length; i++) _neighbours[Pair(token[i - 1], token[i])] = true;

        // All other characters are one class, which also keeps surrogates together.
        _neighbours[(OtherClass * Classes) + OtherClass] = true;
        for (int c = 0; c <= MetaClass && isKnown is not null; c++)
        {
            if (isKnown(c == MetaClass ? Meta : (char)c)) continue;
            for (int other = 0; other < Classes; other++) _neighbours[(c * Classes) + other] = _neighbours[(other * Classes) + c] = true;
        }
    }

    /// <summary>The length of the first word of a text that is not empty.</summary>
    public int FirstWord(ReadOnlySpan<char> text)
    {
        bool[] neighbours = _neighbours;
        int before = Class(text[0]);
        for (int i = 1; i < text.Length; i++)
        {
            int next = Class(text[i]);
            if (!neighbours[(before * Classes) + next]) return i;
            before = next;
        }

        return text.Length;
    }

    private static int Pair(char first, char second) => (Class(first) * Classes) + Class(second);

    private static int Class(char c) => c < Ascii ? c : c == Meta ? MetaClass : OtherClass;
}
