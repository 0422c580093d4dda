using System.Globalization;
using System.Text;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>The escapes of Python's texts; a backslash before anything else stays.</summary>
internal static class TextEscapes
{
    public static bool TryResolve(ReadOnlySpan<char> literal, out string text, out string problem)
    {
        problem = string.Empty;
        StringBuilder result = new(literal.Length);
        for (int i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\' || i + 1 == literal.Length) result.Append(literal[i]);
            else if (!TryEscape(literal, ref i, result))
            {
                problem = $"the escape '{literal.Slice(i, Math.Min(4, literal.Length - i))}' is not complete.";
                break;
            }
        }

        text = result.ToString();
        return problem.Length == 0;
    }

    // Leaves the position on the escape's last character.
    private static bool TryEscape(ReadOnlySpan<char> literal, ref int i, StringBuilder result)
    {
        char kind = literal[i + 1];
        int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0) return TryCode(literal, ref i, digits, result);
        if (kind is >= '0' and <= '7')
        {
            int code = 0, end = i + 1;
            for (; end < literal.Length && end < i + 4 && literal[end] is >= '0' and <= '7'; end++) code = (code * 8) + (literal[end] - '0');
            result.Append((char)code);
            i = end - 1;
            return true;
        }

        int simple = "\\'\"abfnrtv\n".IndexOf(kind);
        if (simple < 0) result.Append('\\').Append(kind);
        else if (kind != '\n') result.Append("\\'\"\a\b\f\n\r\t\v"[simple]);
        i++;
        return true;
    }

    private static bool TryCode(ReadOnlySpan<char> literal, ref int i, int digits, StringBuilder result)
    {
        if (i + 2 + digits > literal.Length
            || !int.TryParse(literal.Slice(i + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || code is < 0 or > 0x10FFFF) return false;
        if (code > 0xFFFF) result.Append(new Rune(code).ToString());
        else result.Append((char)code);
        i += 1 + digits;
        return true;
    }
}
