using System.Diagnostics;
using System.Globalization;
using System.Text;
using Heed.Inference.Grammars;

namespace Heed.Benchmarks;

/// <summary>
/// What a grammar costs a token: the state's step, the mask and its application to the logits. Cold is a grammar's first
/// text, with nothing kept yet; warm is the same text again; akin is another text of the same grammar right after the first.
/// </summary>
internal static class GrammarBenchmark
{
    private const string Schema = """
        {"type":"object","properties":{"title":{"type":"string"},"year":{"type":"integer","minimum":1900,"maximum":2100},"born":{"type":"string","format":"date"},
        "kind":{"enum":["story","dialog","poem"]},"people":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","maxLength":40},"age":{"type":["integer","null"]}},
        "required":["name","age"],"additionalProperties":false}}},"required":["title","year","born","kind","people"],"additionalProperties":false}
        """;

    private const string Text = """{"title": "The little fox and the river", "year": 1987, "born": "1950-03-21", "kind": "story", "people": [{"name": "Anna Maria", "age": 7}, {"name": "Tom", "age": null}, {"name": "Great old bear", "age": 31}]}""";
    private const string Other = """{"title": "Winter", "year": 2003, "born": "1999-11-30", "kind": "poem", "people": [{"name": "Lily of the valley", "age": null}, {"name": "Ben", "age": 12}]}""";
    private const string Sums = "root ::= sum \";\"\nsum ::= term ((\"+\" | \"-\") term)*\nterm ::= factor ((\"*\" | \"/\") factor)*\nfactor ::= [0-9]+ | \"(\" sum \")\"";

    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 5;
        (string Name, Grammar Grammar, string First, string Then)[] cases =
        [
            ("JSON", Grammar.Json, Text, Other),
            ("schema", Grammar.FromSchema(Schema), Text, Other),
            ("regex", Grammar.FromRegex("([A-Z][a-z]+ ){2,8}[0-9]{1,4}( (\\w+,? )*\\w+\\.)?"), "The Little Fox And River 1987 it ran over the hills, far away and slept.", "Old Bear 3"),
            ("GBNF", Grammar.FromGbnf(Sums), "12+34*(56-7)/(8*(9+10));", "((1+2)*3)/4;"),
        ];
        Console.WriteLine("| vocabulary | grammar | tokens | cold, mean µs | cold, most µs | akin, mean µs | warm, mean µs |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (int size in (int[])[32_000, 128_256])
        {
            VocabularyTrie vocabulary = VocabularyTrie.Of(Vocabulary(size));
            foreach ((string name, Grammar grammar, string first, string then) in cases)
            {
                Samples cold = new(), most = new(), akin = new(), warm = new();
                int[] tokens = Tokens(vocabulary, first), others = Tokens(vocabulary, then);
                for (int round = -2; round < rounds; round++)
                {
                    TokenGrammar masks = new(grammar.Network, vocabulary);
                    (double mean, double greatest) = Pass(masks, tokens);
                    (double next, _) = Pass(masks, others);
                    (double again, _) = Pass(masks, tokens);
                    if (round < 0) continue;
                    cold.Add(mean);
                    most.Add(greatest);
                    akin.Add(next);
                    warm.Add(again);
                }
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {size} | {name} | {tokens.Length} | {cold.Median * 1e6:F0} | {most.Median * 1e6:F0} | {akin.Median * 1e6:F0} | {warm.Median * 1e6:F1} |"));
            }
        }
        return 0;
    }

    private static (double Mean, double Most) Pass(TokenGrammar grammar, int[] tokens)
    {
        float[] logits = new float[grammar.Vocabulary.Count], kept = new float[logits.Length];
        double sum = 0, most = 0;
        GrammarState state = grammar.Start;
        foreach (int token in tokens)
        {
            long start = Stopwatch.GetTimestamp();
            GrammarConstraint.Keep(logits, grammar.Mask(ref state), kept);
            state = grammar.Advance(state, grammar.Vocabulary.BytesOf(token));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (float.IsNegativeInfinity(kept[token])) throw new InvalidOperationException($"token {token} of the text is not in its mask");
            sum += seconds;
            most = Math.Max(most, seconds);
        }
        return (sum / tokens.Length, most);
    }

    /// <summary>A text cut greedily into the longest tokens.</summary>
    private static int[] Tokens(VocabularyTrie vocabulary, string text)
    {
        Dictionary<string, int> ids = [];
        for (int id = 0; id < vocabulary.Count; id++) ids[Encoding.Latin1.GetString(vocabulary.BytesOf(id))] = id;
        List<int> tokens = [];
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(16, text.Length - at);
            while (!ids.ContainsKey(text.Substring(at, length))) length--;
            tokens.Add(ids[text.Substring(at, length)]);
            at += length;
        }
        return [.. tokens];
    }

    /// <summary>Bytes, numbers, punctuation as JSON and programs have it, and words of common syllables, with and without a space before them.</summary>
    private static List<byte[]> Vocabulary(int size)
    {
        Random random = new(1);
        HashSet<string> texts = [.. Enumerable.Range(0, 1110).Select(i => i < 10 ? $"{i}" : i < 110 ? $"{i - 10:D2}" : $"{i - 110:D3}")];
        string[] marks = ["{", "}", "[", "]", "\"", ":", ",", " ", "\n", "(", ")", ";", ".", "'", "-", "=", "_", "/", "\\", "<", ">", "*", "+", "#", "!", "?"];
        string[] syllables = ["a", "e", "i", "o", "u", "an", "en", "er", "in", "on", "re", "th", "st", "ing", "ed", "ly", "be", "ca", "de", "fo", "ha", "la", "ma", "ne", "po", "ri", "sa", "ti", "vo", "wi", "ous", "tion", "ment", "é", "ü", "ка", "ов", "日", "的"];
        string[] words = ["The", "the", "little", "fox", "and", "river", "name", "title", "year", "people", "Great", "old", "bear", "story", "null", "true", "Anna", "Tom"];
        foreach (string word in words) texts.UnionWith([word, " " + word, "\"" + word]);
        while (texts.Count < size / 12) texts.Add(string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => marks[random.Next(marks.Length)])));
        while (texts.Count < size - 256)
        {
            string word = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => syllables[random.Next(syllables.Length)]));
            if (random.Next(5) == 0) word = char.ToUpperInvariant(word[0]) + word[1..];
            texts.Add(random.Next(2) == 0 ? " " + word : word);
        }
        return [.. Enumerable.Range(0, 256).Select(value => (byte[])[(byte)value]), .. texts.Order(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
    }
}
