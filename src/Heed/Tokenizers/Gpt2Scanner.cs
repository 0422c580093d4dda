namespace Heed.Tokenizers;

/// <summary>GPT-2's words: contractions, and runs of letters, of numbers or of anything else with one space before them.</summary>
internal sealed class Gpt2Scanner() : WordScanner(Gpt2Pattern)
{
    protected override int WordEnd(ReadOnlySpan<char> text, int at)
    {
        int contraction = Contraction(text, at, foldsCase: false, foldsLongS: false);
        if (contraction > 0) return at + contraction;
        int start = text[at] == ' ' && at + 1 < text.Length ? at + 1 : at;
        int kind = RuneClass.At(text, start, out _);
        foreach (byte run in (ReadOnlySpan<byte>)[RuneClass.Letter, RuneClass.Number, RuneClass.Other])
            if ((kind & run) != 0) return RuneClass.RunEnd(text, start, run);
        return SpaceEnd(text, at);
    }
}
