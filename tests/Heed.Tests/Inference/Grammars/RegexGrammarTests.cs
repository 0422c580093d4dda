using System.Text;
using System.Text.RegularExpressions;
using Heed.Inference.Grammars;

namespace Heed.Tests.Inference.Grammars;

/// <summary>Regular expressions, with .NET's Regex as the witness.</summary>
public sealed class RegexGrammarTests
{
    private const string Letters = "abc1_ -\n\"";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    [Fact]
    public void Texts_MadeOrRandom_MatchWhereRegexMatches()
    {
        // ECMAScript: \d, \w and \s of ASCII. No character beyond U+FFFF: .NET counts those as two.
        VocabularyTrie vocabulary = VocabularyTrie.Of([.. Enumerable.Range(0, 128).Select(value => (byte[])[(byte)value]), "ab"u8.ToArray(), "é"u8.ToArray(), "a1"u8.ToArray()]);
        int agreed = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            Random random = new(seed);
            string pattern = Pattern(random, 3);
            Regex witness = new($"^(?:{pattern})\\z", RegexOptions.ECMAScript, s_patience);
            GrammarWalk walk = new(Grammar.FromRegex(pattern), vocabulary);
            for (int i = 0; i < 3; i++)
                if (walk.Make(random, 300, stopping: 0.2) is { } made) witness.IsMatch(made).ShouldBeTrue($"seed {seed}: {pattern} against '{made}'");
            for (int i = 0; i < 20; i++)
            {
                string text = string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Letters[random.Next(Letters.Length)]));
                bool expected = witness.IsMatch(text);
                walk.Matches(text).ShouldBe(expected, $"seed {seed}: {pattern} against '{text}'");
                if (expected) agreed++;
            }
        }
        agreed.ShouldBeGreaterThan(100);
    }

    [Theory]
    [InlineData("^a+$|b", "a|aaa|b", "ab|")]
    [InlineData("\\p{Lu}\\P{L}", "A1|Ü ", "a1|AB")]
    [InlineData("[\\]\\-x-z]{2,}", "]-|xyz", "x|aa")]
    [InlineData("(?<year>\\d{4})-(?:0?\\d)?", "2024-|2024-07|2024-7", "24-1|2024-17")]
    [InlineData("é日[🙂-🙄]", "é日🙂|é日🙃", "é日🙅|e日🙂")]
    [InlineData("a{0}b{0,2}?|", "|b", "a")]
    [InlineData("\\x41\\u00e9\\t\\.\\/", "Aé\t./", "A")]
    public void Syntax_OfEachKind_IsRead(string pattern, string allowed, string refused)
    {
        GrammarWalk walk = new(Grammar.FromRegex(pattern));
        foreach (string text in allowed.Split('|')) walk.Matches(text).ShouldBeTrue(text);
        foreach (string text in refused.Split('|').Where(text => text.Length > 0)) walk.Matches(text).ShouldBeFalse(text);
    }

    [Theory]
    [InlineData("a(b", "column 4, after \"a(b\": ')' is missing")]
    [InlineData("a)", "')' has no partner")]
    [InlineData("[a", "']' is missing")]
    [InlineData("*a", "'*' has nothing to belong to")]
    [InlineData("a**", "a repetition of a repetition needs parentheses")]
    [InlineData("a{2,1}", "the bounds 2 and 1 are in the wrong order")]
    [InlineData("a{999999}", "repetitions are more than 100000")]
    [InlineData("a{9999999999}", "repetitions are more than 100000")]
    [InlineData("(a{9999}){9999}", "bounded repetitions count as often as they say")]
    [InlineData("((){99999}){99999}", "bounded repetitions count as often as they say")]
    [InlineData("a(?=b)", "no look-around")]
    [InlineData("(a)\\1", "back-references")]
    [InlineData("\\bx", "word borders")]
    [InlineData("a^b", "^ and $ are supported at the ends")]
    [InlineData("[z-a]", "in the wrong order")]
    [InlineData("[]", "the class is empty")]
    [InlineData("\\p{Zx}", "there is no category 'Zx'")]
    [InlineData("\\ud800", "U+D800 is no character")]
    [InlineData("[^\\s\\S]", "no text matches")]
    public void Syntax_ThatIsWrongOrNotSupported_IsNamed(string pattern, string message) =>
        Should.Throw<GrammarException>(() => Grammar.FromRegex(pattern)).Message.ShouldContain(message);

    [Fact]
    public void Groups_NestedVeryDeep_AreRefused() =>
        Should.Throw<GrammarException>(() => Grammar.FromRegex(new string('(', 100_000) + new string(')', 100_000))).Message.ShouldContain("groups nest deeper than 200");

    [Fact]
    public void Expression_WithManyStates_StaysWithinItsMemory()
    {
        // The classic: a deterministic automaton of 2^15 states, of which few are visited.
        TokenGrammar grammar = new(Grammar.FromRegex("(a|b)*a(a|b){15}").Network, GrammarWalk.Vocabulary(), maxBytes: 1 << 20);
        Random random = new(1);
        GrammarState state = grammar.Start;
        StringBuilder text = new();
        for (int i = 0; i < 3000; i++)
        {
            ulong[] mask = grammar.Mask(ref state);
            (mask['a' >> 6] >> 'a' & 1).ShouldBe(1ul);
            char next = random.Next(2) == 0 ? 'a' : 'b';
            text.Append(next);
            state = grammar.Advance(state, [(byte)next]);
            grammar.Accepts(state).ShouldBe(text.Length >= 16 && text[^16] == 'a');
        }
        grammar.Flushes.ShouldBeGreaterThan(1);
    }

    private static string Pattern(Random random, int depth)
    {
        string[] atoms = ["a", "b", "c", "1", ".", "\\d", "\\w", "\\s", "[ab]", "[^a]", "[a-c1]", "\\S", "\\D", "\\W", "_", "-", "\\n", "\"", "[^\\w\\n]"];
        return random.Next(depth > 0 ? 7 : 2) switch
        {
            0 or 1 => atoms[random.Next(atoms.Length)],
            2 => $"(?:{Pattern(random, depth - 1)}|{Pattern(random, depth - 1)})",
            3 => $"({Pattern(random, depth - 1)}){"*+?"[random.Next(3)]}",
            4 => $"(?:{Pattern(random, depth - 1)}){{{random.Next(2)},{random.Next(2, 4)}}}",
            _ => Pattern(random, depth - 1) + Pattern(random, depth - 1),
        };
    }
}
