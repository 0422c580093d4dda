namespace Heed.Inference.Grammars;

/// <summary>Byte strings of one length between two others in the order of their bytes: characters in UTF-8, or digits of numbers.</summary>
/// <param name="least">The least byte that may stand after the first.</param>
/// <param name="most">The greatest.</param>
/// <param name="dot">Before which byte a decimal point is put in, or −1.</param>
internal sealed class ByteStrings(byte least, byte most, int dot = -1)
{
    public GrammarPart Between(ReadOnlySpan<byte> low, ReadOnlySpan<byte> high) => Between(low.ToArray(), high.ToArray(), 0);

    private GrammarPart Between(byte[] low, byte[] high, int at)
    {
        if (at == low.Length) return GrammarPart.Empty;
        if (low[at] == high[at]) return Then(low[at], low[at], at, Between(low, high, at + 1));
        byte first = low[at], last = high[at];
        List<GrammarPart> parts = [];
        if (low.AsSpan(at + 1).ContainsAnyExcept(least))
        {
            parts.Add(Then(first, first, at, Between(low, Filled(low.Length, most), at + 1)));
            first++;
        }
        GrammarPart? rest = null;
        if (high.AsSpan(at + 1).ContainsAnyExcept(most))
        {
            rest = Then(last, last, at, Between(Filled(low.Length, least), high, at + 1));
            last--;
        }
        if (first <= last) parts.Add(Then(first, last, at, Free(low.Length, at + 1)));
        if (rest is not null) parts.Add(rest);
        return GrammarPart.AnyOf([.. parts]);
    }

    private GrammarPart Free(int length, int from)
    {
        GrammarPart part = GrammarPart.Empty;
        for (int at = length - 1; at >= from; at--) part = Then(least, most, at, part);
        return part;
    }

    private GrammarPart Then(byte first, byte last, int at, GrammarPart rest)
    {
        GrammarPart one = GrammarPart.InOrder(new GrammarPart.Bytes(first, last), rest);
        return at == dot ? GrammarPart.InOrder(GrammarPart.Text("."), one) : one;
    }

    private static byte[] Filled(int length, byte value)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, value);
        return bytes;
    }
}
