using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Heed.Inference.Grammars;

/// <summary>Reads a grammar's text from left to right; errors say what text, where, and what was expected.</summary>
internal sealed class TextCursor(string kind, string text)
{
    private const int MaxCount = 100_000, MaxLength = 1 << 20, MaxDepth = 200;
    private int _depth;

    public int At { get; set; }

    public bool AtEnd => At >= text.Length;

    /// <summary>The next character, or '\0' at the end.</summary>
    public char Next => AtEnd ? '\0' : text[At];

    public void CheckLength()
    {
        if (text.Length > MaxLength) throw new GrammarException($"{kind}: it has {text.Length} characters; at most {MaxLength} are read.");
    }

    public bool Take(char expected)
    {
        if (AtEnd || text[At] != expected) return false;
        At++;
        return true;
    }

    public bool Take(string expected)
    {
        if (!Follows(expected)) return false;
        At += expected.Length;
        return true;
    }

    public bool Follows(string expected) => string.CompareOrdinal(text, At, expected, 0, expected.Length) == 0;

    public void Need(char expected)
    {
        if (!Take(expected)) Throw($"'{expected}' is missing");
    }

    /// <summary>The next character as a code point.</summary>
    public int TakeScalar()
    {
        if (AtEnd) Throw("the text ends too early");
        if (!Rune.TryGetRuneAt(text, At, out Rune rune)) Throw("there is half of a surrogate pair");
        At += rune.Utf16SequenceLength;
        return rune.Value;
    }

    public string TakeWhile(Func<char, bool> holds)
    {
        int from = At;
        while (!AtEnd && holds(text[At])) At++;
        return text[from..At];
    }

    /// <summary>A character by its hexadecimal digits.</summary>
    public int TakeHex(int digits)
    {
        int value = 0;
        if (At + digits > text.Length || !int.TryParse(text.AsSpan(At, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value))
            Throw($"{digits} hexadecimal digits are expected");
        if (!Rune.IsValid(value)) Throw($"U+{value:X4} is no character");
        At += digits;
        return value;
    }

    /// <summary>A count of repetitions.</summary>
    public int TakeCount()
    {
        string digits = TakeWhile(char.IsAsciiDigit);
        if (digits.Length == 0) Throw("a number is expected");
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count > MaxCount) Throw($"{digits} repetitions are more than {MaxCount}");
        return count;
    }

    /// <summary>The rest of {n}, {n,} or {n,m}, after its brace.</summary>
    public (int Min, int? Max) TakeBounds()
    {
        int min = Next == ',' ? 0 : TakeCount();
        int? max = min;
        if (Take(',')) max = Next == '}' ? null : TakeCount();
        Need('}');
        if (max < min) Throw($"the bounds {min} and {max} are in the wrong order");
        return (min, max);
    }

    public void Enter()
    {
        if (++_depth > MaxDepth) Throw($"groups nest deeper than {MaxDepth}");
    }

    public void Leave() => _depth--;

    [DoesNotReturn]
    public void Throw(string problem)
    {
        int line = text.AsSpan(0, Math.Min(At, text.Length)).Count('\n') + 1;
        int column = Math.Min(At, text.Length) - (At > 0 && text.Length > 0 ? text.LastIndexOf('\n', Math.Min(At, text.Length) - 1) : -1);
        string before = text[Math.Max(0, Math.Min(At, text.Length) - 24)..Math.Min(At, text.Length)].ReplaceLineEndings(" ");
        throw new GrammarException($"{kind}: line {line}, column {column}, after \"{before}\": {problem}.");
    }
}
