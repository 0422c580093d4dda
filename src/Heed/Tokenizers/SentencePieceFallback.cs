using System.Text;

namespace Heed.Tokenizers;

/// <summary>What becomes of a character that no piece spells: its bytes' tokens, or one unknown token for a whole run of them.</summary>
internal static class SentencePieceFallback
{
    public static void Write(Rune rune, ReadOnlySpan<int> byteIds, int unknown, List<int> ids)
    {
        Span<byte> utf8 = stackalloc byte[4];
        utf8 = utf8[..rune.EncodeToUtf8(utf8)];
        bool spelled = byteIds.Length == 256;
        foreach (byte value in utf8) spelled = spelled && byteIds[value] >= 0;
        if (spelled)
        {
            foreach (byte value in utf8) ids.Add(byteIds[value]);
        }
        else if (unknown >= 0 && (ids.Count == 0 || ids[^1] != unknown))
        {
            ids.Add(unknown);
        }
    }
}
