namespace Heed.Tokenizers;

/// <summary>The words of o200k and of Mistral's tekken, which also begin at a change from lower to upper case.</summary>
internal sealed class O200kScanner(string pattern, int maxDigits, bool contractions) : WordScanner(pattern)
{
    protected override int WordEnd(ReadOnlySpan<char> text, int at)
    {
        int kind = RuneClass.At(text, at, out int length);

        // The optional character before a word is greedy: it is tried first, and given back where no word follows.
        bool mayLead = (kind & (RuneClass.Letter | RuneClass.Number | RuneClass.LineEnd)) == 0;
        int end = mayLead ? MixedEnd(text, at + length) : -1;
        if (end < 0) end = MixedEnd(text, at);
        if (end < 0 && mayLead) end = CapitalsEnd(text, at + length);
        if (end < 0) end = CapitalsEnd(text, at);
        if (end >= 0) return contractions ? end + Contraction(text, end, foldsCase: true, foldsLongS: true) : end;

        if ((kind & RuneClass.Number) != 0) return NumberEnd(text, at, maxDigits);
        int start = text[at] == ' ' && at + 1 < text.Length ? at + 1 : at;
        if ((RuneClass.At(text, start, out _) & RuneClass.Other) == 0) return LinesOrSpaceEnd(text, at);
        end = RuneClass.RunEnd(text, start, RuneClass.Other);
        while (end < text.Length && text[end] is '\r' or '\n' or '/') end++;
        return end;
    }

    /// <summary>[upper-like]*[lower-like]+ at a place, with the first run giving back what the second needs; -1 where it does not match.</summary>
    private static int MixedEnd(ReadOnlySpan<char> text, int at)
    {
        int upperEnd = RuneClass.RunEnd(text, at, RuneClass.UpperLike);
        int end = RuneClass.RunEnd(text, upperEnd, RuneClass.LowerLike);
        if (end > upperEnd) return end;
        int lastBoth = -1;
        for (int i = at; i < upperEnd;)
        {
            bool both = (RuneClass.At(text, i, out int length) & RuneClass.LowerLike) != 0;
            i += length;
            if (both) lastBoth = i;
        }

        return lastBoth;
    }

    /// <summary>[upper-like]+[lower-like]* at a place; -1 where it does not match.</summary>
    private static int CapitalsEnd(ReadOnlySpan<char> text, int at)
    {
        int upperEnd = RuneClass.RunEnd(text, at, RuneClass.UpperLike);
        return upperEnd == at ? -1 : RuneClass.RunEnd(text, upperEnd, RuneClass.LowerLike);
    }
}
