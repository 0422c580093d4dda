using System.Text;

namespace Heed.Stories.Text;

/// <summary>Small laws of English that a template need not think of: blanks, a/an, capitals at the start of a sentence.</summary>
internal static class Prose
{
    public static string Tidy(string text) => Capitals(Articles(Blanks(text)));

    public static int CountWords(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;

    /// <summary>"an" before a vowel's sound: by the letter, with the words that this grammar uses otherwise.</summary>
    public static bool TakesAn(ReadOnlySpan<char> word)
    {
        if (word.StartsWith("uni", StringComparison.Ordinal) || word.StartsWith("use", StringComparison.Ordinal) || word.StartsWith("one", StringComparison.Ordinal)) return false;
        return word.StartsWith("hour", StringComparison.Ordinal) || word.StartsWith("honest", StringComparison.Ordinal) || (!word.IsEmpty && "aeiou".Contains(char.ToLowerInvariant(word[0])));
    }

    private static string Blanks(string text)
    {
        StringBuilder tidy = new(text.Length);
        foreach (char c in text)
        {
            bool after = tidy.Length > 0 && tidy[^1] == ' ';
            bool joins = c is ',' or '.' or '!' or '?';
            if (after && joins) tidy.Length--;
            if (c != ' ' || (tidy.Length > 0 && !after)) tidy.Append(c);
        }
        return tidy.ToString().TrimEnd();
    }

    private static string Articles(string text)
    {
        StringBuilder tidy = new(text.Length + 8);
        for (int i = 0; i < text.Length; i++)
        {
            tidy.Append(text[i]);
            bool word = text[i] is 'a' or 'A' && (i == 0 || text[i - 1] is ' ' or '"') && i + 2 < text.Length && text[i + 1] == ' ';
            if (word && TakesAn(text.AsSpan(i + 2))) tidy.Append('n');
        }
        return tidy.ToString();
    }

    private static string Capitals(string text)
    {
        char[] tidy = text.ToCharArray();
        bool starts = true;
        for (int i = 0; i < tidy.Length; i++)
        {
            if (tidy[i] is '.' or '!' or '?') starts = i + 1 < tidy.Length && tidy[i + 1] == ' ';
            else if (starts && char.IsAsciiLetter(tidy[i]))
            {
                tidy[i] = char.ToUpperInvariant(tidy[i]);
                starts = false;
            }
        }
        return new string(tidy);
    }
}
