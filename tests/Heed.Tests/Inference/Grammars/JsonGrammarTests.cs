using System.Text.Json;
using Heed.Inference.Grammars;

namespace Heed.Tests.Inference.Grammars;

/// <summary>Any JSON.</summary>
public sealed class JsonGrammarTests
{
    private static readonly GrammarWalk s_walk = new(Grammar.Json);

    [Fact]
    public void Texts_MadeFromMasks_Parse()
    {
        int made = 0;
        for (int seed = 0; seed < 150; seed++)
        {
            if (s_walk.Make(new Random(seed), 1500) is not { } text) continue;
            made++;
            using JsonDocument document = JsonDocument.Parse(text);
            // Half of a surrogate pair parses and cannot be read.
            Read(document.RootElement);
        }
        made.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Masks_AreThoseOfEachTokenAlone()
    {
        for (int seed = 0; seed < 8; seed++) s_walk.Make(new Random(seed), 60, checksMasks: true);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"a":[1,-2.5e+3,true,null,"x\"\\\/\u00e9\ud83d\ude42"],"b":{"c":[]}}""")]
    [InlineData("\n{\n  \"a\": [\n    1,\n    2\n  ]\n}")]
    [InlineData(" 0.5")]
    public void Json_IsAllowed(string text) => s_walk.Matches(text).ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}}")]
    [InlineData("{} ")]
    [InlineData("[1,]")]
    [InlineData("01")]
    [InlineData("-")]
    [InlineData("1.")]
    [InlineData("+1")]
    [InlineData("\"\t\"")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\ud83d\"")]
    [InlineData("\"\\ude42\"")]
    [InlineData("[  1]")]
    [InlineData("[\n\n1]")]
    [InlineData("{a:1}")]
    [InlineData("nulll")]
    [InlineData("12345678901234567")]
    public void OtherTexts_AreRefused(string text) => s_walk.Matches(text).ShouldBeFalse();

    [Fact]
    public void BytesThatAreNoUtf8_AreRefused()
    {
        s_walk.Matches([(byte)'"', 0xC3, (byte)'"']).ShouldBeFalse();
        s_walk.Matches([(byte)'"', 0xC0, 0x80, (byte)'"']).ShouldBeFalse();
        s_walk.Matches([(byte)'"', 0xED, 0xA0, 0x80, (byte)'"']).ShouldBeFalse();
        s_walk.Matches([(byte)'"', 0xF4, 0x90, 0x80, 0x80, (byte)'"']).ShouldBeFalse();
        s_walk.Matches([(byte)'"', 0xF4, 0x8F, 0xBF, 0xBF, (byte)'"']).ShouldBeTrue();
    }

    [Fact]
    public void Nesting_IsAsDeepAsParsersRead_AndAlwaysEnds()
    {
        string Nested(int depth) => new string('[', depth) + new string(']', depth);
        s_walk.Matches(Nested(62)).ShouldBeTrue();
        s_walk.Matches(Nested(63)).ShouldBeFalse();
        using JsonDocument document = JsonDocument.Parse(Nested(62));
        // At the bound a mask is still that of each token alone: what the callers decide must not be taken from elsewhere.
        VocabularyTrie vocabulary = VocabularyTrie.Of(GrammarWalk.Tokens());
        TokenGrammar grammar = new(Grammar.Json.Network, vocabulary);
        GrammarWalk walk = new(Grammar.Json, vocabulary);
        foreach (int depth in new[] { 1, 30, 60, 61, 62 })
        {
            GrammarState state = grammar.Advance(grammar.Start, System.Text.Encoding.ASCII.GetBytes(new string('[', depth)));
            ulong[] mask = grammar.Mask(ref state);
            for (int id = 0; id < vocabulary.Count; id++)
                ((mask[id >> 6] >> id & 1) != 0).ShouldBe(vocabulary.BytesOf(id).Length > 0 && grammar.Advance(state, vocabulary.BytesOf(id)).Id != GrammarAutomaton.Dead);
        }
    }

    private static void Read(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    member.Name.ShouldNotBeNull();
                    Read(member.Value);
                }
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in value.EnumerateArray()) Read(item);
                break;
            case JsonValueKind.String:
                value.GetString().ShouldNotBeNull();
                break;
            case JsonValueKind.Number:
                double.IsFinite(value.GetDouble()).ShouldBeTrue();
                break;
        }
    }
}
