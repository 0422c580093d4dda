using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// GPT-2's alphabet for bytes: each of the 256 bytes has a printable character, so that a vocabulary of byte strings
/// can be written as text. Printable Latin-1 stands for itself; the rest are U+0100 onwards, in the order of the bytes.
/// </summary>
internal static class ByteAlphabet
{
    private const int Letters = 256 + 68;
    private static readonly char[] s_letters = MakeLetters();
    private static readonly short[] s_bytes = MakeBytes();

    /// <summary>The character that stands for a byte.</summary>
    public static char Letter(byte value) => s_letters[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int Byte(char letter) => letter < Letters ? s_bytes[letter] : -1;

    /// <summary>Bytes as text of the alphabet.</summary>
    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new(bytes.Length);
        foreach (byte value in bytes) text.Append(s_letters[value]);
        return text.ToString();
    }

    /// <summary>The bytes that a text of the alphabet spells, or null where a character is not of the alphabet.</summary>
    public static byte[]? Read(ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            int value = Byte(text[i]);
            if (value < 0) return null;
            bytes[i] = (byte)value;
        }

        return bytes;
    }

    private static char[] MakeLetters()
    {
        char[] letters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            letters[value] = (char)(printable ? value : next++);
        }

        return letters;
    }

    private static short[] MakeBytes()
    {
        short[] bytes = new short[Letters];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++) bytes[s_letters[value]] = (short)value;
        return bytes;
    }
}
