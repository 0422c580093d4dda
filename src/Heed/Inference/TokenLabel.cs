using System.Globalization;
using System.Text;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>Tokens as labels of a picture: nothing in them is invisible or changes what stands beside it.</summary>
internal static class TokenLabel
{
    /// <summary>What a token stands for, with · for a space, ↵ for a line end, ⇥ for a tab, ‹XX› for a byte that is no character, and ‹U+XXXX› for what has no shape.</summary>
    public static string Of(Tokenizer tokenizer, int id)
    {
        if (tokenizer.IsSpecial(id)) return Of(tokenizer.TokenText(id));
        StringBuilder label = new();
        for (ReadOnlySpan<byte> rest = tokenizer.TokenBytes(id); !rest.IsEmpty;)
        {
            bool valid = Rune.DecodeFromUtf8(rest, out Rune rune, out int consumed) == System.Buffers.OperationStatus.Done;
            if (valid) Append(label, rune);
            else
                foreach (byte part in rest[..consumed]) label.Append(CultureInfo.InvariantCulture, $"‹{part:X2}›");
            rest = rest[consumed..];
        }
        return label.ToString();
    }

    /// <summary>A text in that way.</summary>
    public static string Of(string text)
    {
        StringBuilder label = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Append(label, rune);
        return label.ToString();
    }

    private static void Append(StringBuilder label, Rune rune)
    {
        string? sign = rune.Value switch { ' ' => "·", '\n' => "↵", '\t' => "⇥", _ => null };
        bool shapeless = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator;
        if (sign is not null) label.Append(sign);
        else if (shapeless) label.Append(CultureInfo.InvariantCulture, $"‹U+{rune.Value:X4}›");
        else label.Append(rune.ToString());
    }
}
