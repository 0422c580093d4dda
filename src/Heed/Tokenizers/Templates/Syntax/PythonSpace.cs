namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>White space as Python's str methods know it.</summary>
internal static class PythonSpace
{
    public static bool Is(char character) => char.IsWhiteSpace(character) || character is >= '\x1C' and <= '\x1F';

    /// <summary>Whether it ends a line for splitlines().</summary>
    public static bool EndsLine(char character) => character is '\n' or '\r' or '\v' or '\f' or (>= '\x1C' and <= '\x1E') or '\x85' or '\u2028' or '\u2029';

    public static int SkipFrom(string text, int start)
    {
        while (start < text.Length && Is(text[start])) start++;
        return start;
    }

    public static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && Is(text[end - 1])) end--;
        return text[..end];
    }
}
