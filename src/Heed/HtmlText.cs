using System.Net;
using System.Text;

namespace Heed;

/// <summary>Text as HTML and XML take it, in elements and in attributes.</summary>
internal static class HtmlText
{
    /// <summary>The text with what has a meaning escaped, and what must not be there as U+FFFD.</summary>
    public static string Escape(string text)
    {
        StringBuilder clean = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            clean.Append(Rune.IsControl(rune) && rune.Value is not ('\n' or '\t' or '\r') || rune.Value is 0xFFFE or 0xFFFF ? "\uFFFD" : rune.ToString());
        return WebUtility.HtmlEncode(clean.ToString());
    }
}
