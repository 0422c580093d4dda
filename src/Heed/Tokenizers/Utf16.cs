using System.Text;

namespace Heed.Tokenizers;

/// <summary>Makes text well-formed: a surrogate without its partner becomes U+FFFD.</summary>
internal static class Utf16
{
    private const char Replacement = '\uFFFD';

    /// <summary>The text itself where it is well-formed, and otherwise a repaired copy.</summary>
    public static ReadOnlySpan<char> Repair(ReadOnlySpan<char> text)
    {
        int at = NextLone(text, 0);
        if (at < 0) return text;
        char[] repaired = text.ToArray();
        for (; at >= 0; at = NextLone(text, at + 1)) repaired[at] = Replacement;
        return repaired;
    }

    /// <summary>Whether every surrogate has its partner.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text) => NextLone(text, 0) < 0;

    private static int NextLone(ReadOnlySpan<char> text, int from)
    {
        for (int at = from; at < text.Length; at++)
        {
            int step = text[at..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (step < 0) return -1;
            at += step;
            if (Rune.DecodeFromUtf16(text[at..], out _, out int length) != System.Buffers.OperationStatus.Done) return at;
            at += length - 1;
        }

        return -1;
    }
}
