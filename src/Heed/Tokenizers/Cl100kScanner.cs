namespace Heed.Tokenizers;

/// <summary>The words of cl100k, Llama 3 (up to three digits) and Qwen 2 (one digit).</summary>
internal sealed class Cl100kScanner(string pattern, int maxDigits, bool foldsLongS) : WordScanner(pattern)
{
    protected override int WordEnd(ReadOnlySpan<char> text, int at)
    {
        int contraction = Contraction(text, at, foldsCase: true, foldsLongS);
        if (contraction > 0) return at + contraction;
        int kind = RuneClass.At(text, at, out int length);
        if ((kind & RuneClass.Letter) != 0) return RuneClass.RunEnd(text, at, RuneClass.Letter);
        if ((kind & RuneClass.Number) != 0) return NumberEnd(text, at, maxDigits);
        int next = at + length;
        int nextKind = next < text.Length ? RuneClass.At(text, next, out _) : 0;
        if ((kind & RuneClass.LineEnd) == 0 && (nextKind & RuneClass.Letter) != 0) return RuneClass.RunEnd(text, next, RuneClass.Letter);
        int start = text[at] == ' ' && (nextKind & RuneClass.Other) != 0 ? next : at;
        if ((RuneClass.At(text, start, out _) & RuneClass.Other) == 0) return LinesOrSpaceEnd(text, at);
        return RuneClass.RunEnd(text, RuneClass.RunEnd(text, start, RuneClass.Other), RuneClass.LineEnd);
    }
}
