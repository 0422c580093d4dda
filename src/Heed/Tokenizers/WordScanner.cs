namespace Heed.Tokenizers;

/// <summary>
/// The well-known word patterns, scanned by hand: exact beyond the basic plane, where .NET's regular expressions see half characters,
/// and several times faster.
/// </summary>
internal abstract class WordScanner(string pattern) : WordSplitter
{
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    public const string Llama3Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    public const string Qwen2Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    public const string O200kPattern = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    public const string TekkenPattern = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    public const string Cl100kExpanded = @"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private readonly string[] _patterns = [pattern];

    public override IReadOnlyList<string> Patterns => _patterns;

    /// <summary>The scanner that does exactly what a regular expression says, or null.</summary>
    public static WordScanner? For(string pattern) => pattern switch
    {
        Gpt2Pattern => new Gpt2Scanner(),
        Llama3Pattern => new Cl100kScanner(pattern, maxDigits: 3, foldsLongS: true),
        Cl100kExpanded => new Cl100kScanner(pattern, maxDigits: 3, foldsLongS: false),
        Qwen2Pattern => new Cl100kScanner(pattern, maxDigits: 1, foldsLongS: true),
        O200kPattern => new O200kScanner(pattern, maxDigits: 3, contractions: true),
        TekkenPattern => new O200kScanner(pattern, maxDigits: 1, contractions: false),
        _ => null,
    };

    public override void Split(ReadOnlySpan<char> text, List<int> ends)
    {
        for (int at = 0; at < text.Length;)
        {
            at = WordEnd(text, at);
            ends.Add(at);
        }
    }

    /// <summary>The end of the word that begins at a place.</summary>
    protected abstract int WordEnd(ReadOnlySpan<char> text, int at);

    /// <summary>'s 't 're 've 'm 'll 'd: the length after an apostrophe at a place, or 0.</summary>
    /// <param name="text">The text.</param>
    /// <param name="at">Where the apostrophe would be.</param>
    /// <param name="foldsCase">Capitals count too.</param>
    /// <param name="foldsLongS">So does U+017F, which folds to s.</param>
    protected static int Contraction(ReadOnlySpan<char> text, int at, bool foldsCase, bool foldsLongS)
    {
        if (at + 1 >= text.Length || text[at] != '\'') return 0;
        char first = Fold(text[at + 1], foldsCase, foldsLongS);
        if (first is 's' or 't' or 'm' or 'd') return 2;
        if (at + 2 >= text.Length) return 0;
        char second = Fold(text[at + 2], foldsCase, foldsLongS);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    /// <summary>\s+(?!\S)|\s+ at white space: all of it at the end of the text, otherwise all but the last, otherwise one.</summary>
    protected static int SpaceEnd(ReadOnlySpan<char> text, int at)
    {
        int end = RuneClass.RunEnd(text, at, RuneClass.Space);
        return end == text.Length || end == at + 1 ? end : end - 1;
    }

    /// <summary>\s*[\r\n]+|\s+(?!\S)|\s+ at white space.</summary>
    protected static int LinesOrSpaceEnd(ReadOnlySpan<char> text, int at)
    {
        int end = RuneClass.RunEnd(text, at, RuneClass.Space);
        int line = text[at..end].LastIndexOfAny('\r', '\n');
        if (line >= 0) return at + line + 1;
        return end == text.Length || end == at + 1 ? end : end - 1;
    }

    /// <summary>Up to so many numbers.</summary>
    protected static int NumberEnd(ReadOnlySpan<char> text, int at, int max)
    {
        for (int i = 0; i < max && at < text.Length && (RuneClass.At(text, at, out int length) & RuneClass.Number) != 0; i++) at += length;
        return at;
    }

    private static char Fold(char c, bool foldsCase, bool foldsLongS)
    {
        if (!foldsCase) return c;
        if (c == 'ſ' && foldsLongS) return 's';
        return c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
    }
}
