using System.Globalization;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>The classes of characters that the known word patterns are made of, one bit each.</summary>
internal static class RuneClass
{
    /// <summary>\p{L}.</summary>
    public const byte Letter = 1;

    /// <summary>\p{N}.</summary>
    public const byte Number = 2;

    /// <summary>\s: Unicode's White_Space.</summary>
    public const byte Space = 4;

    /// <summary>Carriage return or line feed.</summary>
    public const byte LineEnd = 8;

    /// <summary>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}].</summary>
    public const byte UpperLike = 16;

    /// <summary>[\p{Ll}\p{Lm}\p{Lo}\p{M}].</summary>
    public const byte LowerLike = 32;

    /// <summary>[^\s\p{L}\p{N}].</summary>
    public const byte Other = 64;

    private static readonly byte[] s_bmp = MakeTable();

    /// <summary>The classes of the character at a place, and how many UTF-16 units it takes. The text is well-formed.</summary>
    public static byte At(ReadOnlySpan<char> text, int at, out int length)
    {
        char c = text[at];
        length = 1;
        if (!char.IsHighSurrogate(c) || at + 1 >= text.Length) return s_bmp[c];
        length = 2;
        return Of(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(c, text[at + 1])), isSpace: false, isLineEnd: false);
    }

    /// <summary>The end of the run, from a place on, of characters that are in any of the classes.</summary>
    public static int RunEnd(ReadOnlySpan<char> text, int at, byte classes)
    {
        while (at < text.Length && (At(text, at, out int length) & classes) != 0) at += length;
        return at;
    }

    private static byte[] MakeTable()
    {
        byte[] table = new byte[1 << 16];
        for (int c = 0; c < table.Length; c++)
            table[c] = Of(CharUnicodeInfo.GetUnicodeCategory((char)c), char.IsWhiteSpace((char)c), c is '\r' or '\n');
        return table;
    }

    private static byte Of(UnicodeCategory category, bool isSpace, bool isLineEnd)
    {
        if (isSpace) return (byte)(isLineEnd ? Space | LineEnd : Space);
        return category switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Letter | UpperLike,
            UnicodeCategory.LowercaseLetter => Letter | LowerLike,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Letter | UpperLike | LowerLike,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
                Other | UpperLike | LowerLike,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
            _ => Other,
        };
    }
}
