using System.Globalization;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>Cuts what stands inside of markers into names, numbers, texts and operators.</summary>
internal sealed class CodeLexer(string source)
{
    private static readonly string[] s_operators =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];

    private readonly Stack<char> _brackets = new();

    /// <summary>Whether a bracket is open, so that '}}' may close two dicts.</summary>
    public bool IsInBrackets => _brackets.Count > 0;

    public bool TryRead(int at, out TokenType type, out string text, out int next, out string problem)
    {
        (type, text, next, problem) = (TokenType.Operator, string.Empty, at, string.Empty);
        char first = source[at];
        if (first is '\'' or '"') return TryReadText(at, out type, out text, out next, out problem);
        if (char.IsAsciiDigit(first)) return TryReadNumber(at, out type, out text, out next, out problem);
        if (char.IsLetter(first) || first == '_')
        {
            while (next < source.Length && (char.IsLetterOrDigit(source[next]) || source[next] == '_')) next++;
            (type, text) = (TokenType.Name, source[at..next]);
            return true;
        }

        text = Array.Find(s_operators, sign => source.AsSpan(at).StartsWith(sign)) ?? string.Empty;
        if (text.Length == 0)
        {
            problem = $"unexpected character '{first}'.";
            return false;
        }

        next = at + text.Length;
        return Balance(text[0], out problem);
    }

    private bool Balance(char sign, out string problem)
    {
        problem = string.Empty;
        switch (sign)
        {
            case '(': _brackets.Push(')'); break;
            case '[': _brackets.Push(']'); break;
            case '{': _brackets.Push('}'); break;
            case ')' or ']' or '}':
                if (_brackets.Count == 0) problem = $"unexpected '{sign}'; no bracket is open.";
                else if (_brackets.Pop() is var expected && expected != sign) problem = $"unexpected '{sign}'; expected '{expected}'.";
                break;
        }

        return problem.Length == 0;
    }

    private bool TryReadText(int at, out TokenType type, out string text, out int next, out string problem)
    {
        (type, text, problem) = (TokenType.Text, string.Empty, string.Empty);
        char quote = source[at];
        for (next = at + 1; next < source.Length && source[next] != quote; next++)
            if (source[next] == '\\') next++;
        if (next >= source.Length)
        {
            problem = $"a text is not closed; expected {quote}.";
            return false;
        }

        if (!TextEscapes.TryResolve(source.AsSpan(at + 1, next - at - 1), out text, out problem)) return false;
        next++;
        return true;
    }

    private bool TryReadNumber(int at, out TokenType type, out string text, out int next, out string problem)
    {
        problem = string.Empty;
        if (TryReadRadix(at, out next, out text)) (type, problem) = (TokenType.Integer, text.Length == 0 ? "a whole number does not fit into 64 bits." : string.Empty);
        else
        {
            type = TokenType.Integer;
            next = SkipDigits(at);
            // After a dot, as in a.0.1, digits are an index.
            bool mayBeFloat = at == 0 || source[at - 1] != '.';
            if (mayBeFloat && next + 1 < source.Length && source[next] == '.' && char.IsAsciiDigit(source[next + 1])) (type, next) = (TokenType.Float, SkipDigits(next + 1));
            if (mayBeFloat && Exponent(next) is { } end) (type, next) = (TokenType.Float, end);
            text = source[at..next].Replace("_", string.Empty, StringComparison.Ordinal);
            if (type == TokenType.Integer && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _)) problem = $"the whole number {text} does not fit into 64 bits.";
        }

        return problem.Length == 0;
    }

    private bool TryReadRadix(int at, out int next, out string text)
    {
        (next, text) = (at, string.Empty);
        int bits = at + 2 < source.Length && source[at] == '0' ? char.ToLowerInvariant(source[at + 1]) switch { 'x' => 4, 'o' => 3, 'b' => 1, _ => 0 } : 0;
        if (bits == 0) return false;
        Int128 value = 0;
        for (next = at + 2; next < source.Length; next++)
        {
            if (source[next] == '_') continue;
            int digit = char.IsAsciiHexDigit(source[next]) ? Convert.ToInt32(source[next].ToString(), 16) : 16;
            if (digit >= 1 << bits) break;
            if (value <= long.MaxValue) value = (value << bits) | (uint)digit;
        }

        if (value <= long.MaxValue) text = ((long)value).ToString(CultureInfo.InvariantCulture);
        return true;
    }

    private int SkipDigits(int at)
    {
        while (at < source.Length && (char.IsAsciiDigit(source[at]) || (source[at] == '_' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1])))) at++;
        return at;
    }

    private int? Exponent(int at)
    {
        if (at >= source.Length || source[at] is not ('e' or 'E')) return null;
        int digits = at + 1 < source.Length && source[at + 1] is '+' or '-' ? at + 2 : at + 1;
        return digits < source.Length && char.IsAsciiDigit(source[digits]) ? SkipDigits(digits) : null;
    }
}
