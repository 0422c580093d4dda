using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Unicode's normalization forms (Unicode Standard Annex 15). .NET's own <see cref="string.Normalize()"/> returns its input unchanged
/// where globalization is invariant, and what a tokenizer makes of a text must not depend on that setting.
/// </summary>
internal static class UnicodeNormalizer
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28, Syllables = Leads * Vowels * Tails;

    public static string Normalize(string text, NormalizationForm form)
    {
        bool compatible = form is NormalizationForm.FormKC or NormalizationForm.FormKD;
        bool composes = form is NormalizationForm.FormC or NormalizationForm.FormKC;
        char stable = compatible ? '\u009F' : composes ? '\u02FF' : '\u00BF';
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', stable) < 0) return text;
        UnicodeNormalizerTables tables = UnicodeNormalizerTables.Instance;
        List<int> characters = Decompose(text, compatible, tables);
        Reorder(characters, tables);
        if (composes) Compose(characters, tables);
        StringBuilder normalized = new(text.Length);
        foreach (int character in characters) normalized.Append(new Rune(character).ToString());
        return normalized.ToString();
    }

    private static List<int> Decompose(string text, bool compatible, UnicodeNormalizerTables tables)
    {
        List<int> characters = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int syllable = rune.Value - HangulBase;
            if ((uint)syllable < Syllables)
            {
                characters.Add(LeadBase + (syllable / (Vowels * Tails)));
                characters.Add(VowelBase + (syllable / Tails % Vowels));
                if (syllable % Tails > 0) characters.Add(TailBase + (syllable % Tails));
            }
            else if (tables.Decompose(rune.Value, compatible) is { } mapping)
            {
                characters.AddRange(mapping);
            }
            else
            {
                characters.Add(rune.Value);
            }
        }

        return characters;
    }

    /// <summary>Puts each run of combining marks in the order of their classes; marks of one class keep theirs.</summary>
    private static void Reorder(List<int> characters, UnicodeNormalizerTables tables)
    {
        for (int at = 0; at < characters.Count; at++)
        {
            int start = at;
            while (at < characters.Count && tables.Class(characters[at]) != 0) at++;
            if (at - start < 2) continue;
            int[] ordered = characters.GetRange(start, at - start).OrderBy(tables.Class).ToArray(); // a stable sort
            for (int i = 0; i < ordered.Length; i++) characters[start + i] = ordered[i];
        }
    }

    private static void Compose(List<int> characters, UnicodeNormalizerTables tables)
    {
        int starter = -1, lastClass = 0, kept = 0;
        foreach (int character in characters.ToArray())
        {
            int combining = tables.Class(character);
            bool isBlocked = starter < 0 || (kept - 1 > starter && (lastClass == 0 || lastClass >= combining));
            int composed = isBlocked ? -1 : ComposePair(characters[starter], character, tables);
            if (composed >= 0)
            {
                characters[starter] = composed;
                continue;
            }

            if (combining == 0) starter = kept;
            lastClass = combining;
            characters[kept++] = character;
        }

        characters.RemoveRange(kept, characters.Count - kept);
    }

    private static int ComposePair(int first, int second, UnicodeNormalizerTables tables)
    {
        if ((uint)(first - LeadBase) < Leads && (uint)(second - VowelBase) < Vowels)
            return HangulBase + ((((first - LeadBase) * Vowels) + second - VowelBase) * Tails);
        int syllable = first - HangulBase;
        if ((uint)syllable < Syllables && syllable % Tails == 0 && second > TailBase && second < TailBase + Tails) return first + second - TailBase;
        return tables.Compose(first, second);
    }
}
