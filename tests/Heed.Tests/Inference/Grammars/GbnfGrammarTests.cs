using Heed.Inference.Grammars;

namespace Heed.Tests.Inference.Grammars;

/// <summary>GBNF: grammars that no regular expression can say, its syntax, and its errors.</summary>
public sealed class GbnfGrammarTests
{
    private const string Sums = """
        # sums of products
        root ::= sum "\n"
        sum  ::= term (("+" | "-") term)*
        term ::= factor ("*" factor | "/" factor)*   # a comment
        factor ::=
            [0-9]{1,3} |
            "(" sum ")"
        """;

    private const string List = """
        root ::= (item)+
        item ::= "- " line
          | "* " [^\n]* "\n"
        line ::= letter line | "\n"
        letter ::= [a-zA-Z\-\]\u00e9] | "\x41\U0001F642" | "\""
        """;

    [Theory]
    [InlineData(Sums, "1\n~1+2*(3-4)\n~((((7))))/100\n", "1~1+\n~(1\n~1234\n~()\n")]
    [InlineData(List, "- ab\n~* x y\n- \n~- é]-A🙂\"\n", "~- a b\n~ab\n~- ab")]
    [InlineData("root ::= \"a\" root \"b\" | \"\"", "~ab~aaabbb", "a~aab~ba")]
    [InlineData("root ::= p\np ::= \"a\" p \"a\" | \"b\" p \"b\" | [ab]?", "~a~abba~abababa", "ab~abb")]
    [InlineData("root ::= x{2} y{1,} z{,2}\nx ::= \"x\"\ny ::= \"y\"\nz ::= .", "xxy~xxyyé🙂", "xy~xxyabc")]
    public void Grammar_OfSeveralKinds_AllowsAndRefuses(string grammar, string allowed, string refused)
    {
        GrammarWalk walk = new(Grammar.FromGbnf(grammar));
        foreach (string text in allowed.Split('~')) (text.Length == 0 && grammar.StartsWith('#') || walk.Matches(text)).ShouldBeTrue(text);
        foreach (string text in refused.Split('~').Where(text => text.Length > 0)) walk.Matches(text).ShouldBeFalse(text);
    }

    [Theory, InlineData(Sums), InlineData(List), InlineData("root ::= \"a\" root \"b\" | \"\""), InlineData("root ::= p\np ::= \"a\" p \"a\" | \"b\" p \"b\" | [ab]?")]
    public void Texts_MadeFromMasks_AreAllowed_AndMasksAreThoseOfEachTokenAlone(string grammar)
    {
        GrammarWalk walk = new(Grammar.FromGbnf(grammar));
        int made = 0;
        for (int seed = 0; seed < 12; seed++)
        {
            walk.Make(new Random(seed), 30, checksMasks: true);
            if (walk.Make(new Random(seed), 4000) is not { } text) continue;
            made++;
            walk.Matches(text).ShouldBeTrue(text);
        }
        made.ShouldBeGreaterThan(3);
    }

    [Fact]
    public void Repetition_ByRecursionAtTheEnd_HasNoBound()
    {
        GrammarWalk walk = new(Grammar.FromGbnf("root ::= item root | item\nitem ::= [a-z]+ \";\""));
        walk.Matches(string.Concat(Enumerable.Repeat("ab;", 5000))).ShouldBeTrue();
    }

    [Fact]
    public void Nesting_BeyondTheBound_IsRefusedBeforeItCannotEnd()
    {
        GrammarWalk walk = new(Grammar.FromGbnf("root ::= \"(\" \" \" root \" \" \")\" | \"x\""));
        string Nested(int depth) => string.Concat(Enumerable.Repeat("( ", depth)) + "x" + string.Concat(Enumerable.Repeat(" )", depth));
        walk.Matches(Nested(500)).ShouldBeTrue();
        walk.Matches(Nested(501)).ShouldBeFalse();
        for (int seed = 0; seed < 10; seed++) walk.Make(new Random(seed), 4000, stopping: 0).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("", "there is no rule root")]
    [InlineData("a ::= \"x\"", "there is no rule root")]
    [InlineData("root ::= b", "there is no rule b")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "there is a second rule root")]
    [InlineData("root = \"a\"", "'::=' is missing")]
    [InlineData("root ::= \"a", "the text ends too early")]
    [InlineData("root ::= \"a\n\"", "the text does not end on its line")]
    [InlineData("root ::= (\"a\"", "')' is missing")]
    [InlineData("root ::= \"a\")", "')' is not expected")]
    [InlineData("root ::= [z-a]", "wrong order")]
    [InlineData("root ::= \"\\q\"", "the escape \\q is not known")]
    [InlineData("root ::= <think>", "tokens in a grammar")]
    [InlineData("root ::= root \"a\" | \"b\"", "left recursion, root → root")]
    [InlineData("root ::= a \"x\"\na ::= b?  root | \"y\"\nb ::= \"z\"", "left recursion, root → a → root")]
    [InlineData("root ::= \"a\" root", "no text matches root")]
    [InlineData("root ::= (\"a\"{9999}){9999}", "bounded repetitions count as often as they say")]
    public void Grammar_ThatCannotBeUsed_SaysWhereAndWhy(string grammar, string message) =>
        Should.Throw<GrammarException>(() => Grammar.FromGbnf(grammar)).Message.ShouldContain(message);

    [Fact]
    public void Grammars_Mutated_GiveGrammarsOrClearErrors()
    {
        for (int seed = 0; seed < 600; seed++)
        {
            Random random = new(seed);
            char[] text = (seed % 2 == 0 ? Sums : List).ToCharArray();
            for (int i = random.Next(1, 4); i > 0; i--) text[random.Next(text.Length)] = "()[]\"|*+?{}:=\\#\nxr"[random.Next(18)];
            try
            {
                new GrammarWalk(Grammar.FromGbnf(new string(text))).Make(random, 5);
            }
            catch (GrammarException e)
            {
                e.Message.ShouldNotBeEmpty();
            }
        }
    }

    [Fact]
    public void Grammar_WithTooManyReadings_SaysSo()
    {
        // Every text of a has a number of readings that doubles with each letter, and all must be kept apart.
        GrammarWalk walk = new(Grammar.FromGbnf("root ::= \"a\" root \"x\" | \"a\" root \"y\" | \"a\""));
        Should.Throw<GrammarException>(() => walk.Matches(new string('a', 40))).Message.ShouldContain("too ambiguous");
    }
}
