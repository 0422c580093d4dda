using System.Text.Json;
using Heed.Inference.Grammars;

namespace Heed.Tests.Inference.Grammars;

/// <summary>JSON Schema: what is written is valid, what is refused is refused clearly.</summary>
public sealed class SchemaGrammarTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Texts_OfRandomSchemas_ParseAndValidate(int part)
    {
        int made = 0;
        for (int seed = part * 1000; seed < part * 1000 + 60; seed++)
        {
            Random random = new(seed);
            string schema = new RandomSchema(random).Make();
            GrammarWalk walk = new(Grammar.FromSchema(schema));
            for (int i = 0; i < 4; i++)
            {
                if (walk.Make(random, 1500) is not { } text) continue;
                made++;
                SchemaValidator.IsValid(schema, text).ShouldBeTrue($"seed {seed}: {schema}\n{text}");
            }
        }
        made.ShouldBeGreaterThan(200);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void Masks_OfRandomSchemas_AreThoseOfEachTokenAlone(int part)
    {
        for (int seed = part * 500; seed < part * 500 + 10; seed++)
        {
            Random random = new(seed);
            new GrammarWalk(Grammar.FromSchema(new RandomSchema(random).Make())).Make(random, 60, checksMasks: true);
        }
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a"],"additionalProperties":false}""",
        """{"a":1}|{"a": -12, "b":"x\n"}|{ "a":0,"b":"" }""", """{}|{"b":"x"}|{"b":"x","a":1}|{"a":1,}|{"a":1.5}|{"a":1,"c":2}|{"a":01}""")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}}}""",
        """{}|{"a":1}|{"b":2}|{"c":3}|{"a":1,"c":3}|{"b":2,"c":3}|{"a":1,"b":2,"c":3}""", """{"c":3,"a":1}|{,"a":1}|{"a":1"b":2}|{"a":1,}""")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3}""", "[true,false]|[true, true, true]", "[]|[true]|[true,true,true,true]|[1,2]")]
    [InlineData("""{"type":"integer","minimum":7,"maximum":120}""", "7|9|10|99|100|119|120", "6|121|07|7.0|-7|1000")]
    [InlineData("""{"type":"integer","exclusiveMinimum":-3,"maximum":2}""", "-2|-1|0|1|2", "-3|3|-0")]
    [InlineData("""{"type":"number","minimum":0.25,"exclusiveMaximum":1.5}""", "0.25|0.3|1|1.49|0.99", "0.2|1.5|1.50|0|2|0.24")]
    [InlineData("""{"type":"integer","multipleOf":7}""", "0|7|14|-21|994", "1|8|-20|00|-0")]
    [InlineData("""{"type":"number","multipleOf":0.25,"minimum":0,"maximum":1}""", "0.00|0.25|1.00", "0.3|1.25")]
    [InlineData("""{"enum":["a","b",null,3],"type":["string","null"]}""", "\"a\"|\"b\"|null", "3|\"c\"|a")]
    [InlineData("""{"type":"string","pattern":"b+"}""", "\"b\"|\"abba\"|\"\\nb\"", "\"\"|\"a\"")]
    [InlineData("""{"type":"string","pattern":"^\"\\\\$"}""", """ "\"\\" """, """ "\\\"" """)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"ab\"|\"\\u00e9é\"|\"🙂\\ud83d\\ude42x\"", "\"a\"|\"abcd\"|\"\\ud83d\"")]
    [InlineData("""{"$ref":"#/definitions/n~1a%20b","definitions":{"n/a b":{"type":"null"}}}""", "null", "0")]
    [InlineData("""{"allOf":[{"type":"null"}],"title":"x"}""", "null", "0")]
    [InlineData("""{"properties":{"a":{"type":"array","items":{"type":"null"}},"b":{"$ref":"#/properties/a","items":{}}},"required":["a","b"]}""", """{"a":[null],"b":[null]}""", """{"a":[null],"b":[1]}|{"a":[],"b":null}""")]
    [InlineData("""{"additionalProperties":{"type":"null"}}""", """{}|{"x":null}|{"x":null, "y":null}""", """{"x":1}|[]""")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-28\"|\"1999-12-31\"", "\"2023-02-30\"|\"2024-13-01\"|\"24-01-01\"")]
    [InlineData("true", "1|{}|[null]|\"x\"", "x|{]")]
    public void Schema_OfOneKind_AllowsAndRefuses(string schema, string allowed, string refused)
    {
        GrammarWalk walk = new(Grammar.FromSchema(schema));
        foreach (string text in allowed.Split('|'))
        {
            walk.Matches(text.Trim()).ShouldBeTrue(text);
            SchemaValidator.IsValid(schema.Replace("n~1a%20b", "n", StringComparison.Ordinal).Replace("n/a b", "n", StringComparison.Ordinal), text).ShouldBeTrue(text);
        }
        foreach (string text in refused.Split('|')) walk.Matches(text.Trim()).ShouldBeFalse(text);
    }

    [Fact]
    public void Recursion_OfReferences_NestsUpToTheBound_AndEnds()
    {
        GrammarWalk walk = new(Grammar.FromSchema("""{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["next"]}"""));
        string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"next\":", depth)) + "null" + new string('}', depth);
        walk.Matches(Nested(1)).ShouldBeTrue();
        walk.Matches(Nested(62)).ShouldBeTrue();
        walk.Matches(Nested(63)).ShouldBeFalse();
        using JsonDocument parsed = JsonDocument.Parse(Nested(62));
        for (int seed = 0; seed < 20; seed++) walk.Make(new Random(seed), 2000, stopping: 0).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("{", "it is no JSON")]
    [InlineData("""{"type":"text"}""", "#/type: 'text' is no type")]
    [InlineData("""{"oneOf":[]}""", "#: the keyword oneOf is not supported; anyOf is")]
    [InlineData("""{"properties":{"a":{"not":{}}}}""", "#/properties/a: the keyword not is not supported")]
    [InlineData("""{"$ref":"other.json"}""", "#/$ref: 'other.json' is not supported")]
    [InlineData("""{"$ref":"#/$defs/x"}""", "there is nothing at '#/$defs/x'")]
    [InlineData("""{"$ref":"#"}""", "left recursion, # → #")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "no text matches")]
    [InlineData("""{"type":"string","pattern":"(?=x)"}""", "no look-around")]
    [InlineData("""{"type":"string","format":"colour"}""", "the format 'colour' is not supported; expected one of date-time")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""", "no text matches")]
    [InlineData("""{"type":"integer","minimum":"5"}""", "#/minimum: it is \"5\"; expected a number")]
    [InlineData("""{"type":"array","minItems":-1}""", "#/minItems: it is -1; expected a whole number")]
    [InlineData("""{"anyOf":[{"type":"null"}],"type":"null"}""", "type beside anyOf is not supported")]
    [InlineData("""{"$ref":"#/$defs/x","items":{"type":"null"},"$defs":{"x":{"type":"array"}}}""", "items beside $ref is not supported")]
    [InlineData("""{"type":"object","required":["x"],"additionalProperties":false}""", "'x' is required, but no property")]
    [InlineData("""{"properties":{"a":{},"a":{}}}""", "'a' appears twice")]
    [InlineData("""{"enum":["\ud800"]}""", "no Unicode")]
    [InlineData("""{"type":"array","items":{"type":"array","items":{"type":"array","items":{"type":"string","pattern":"(((a{9999}){99}){99})"}}}}""", "bounded repetitions count as often as they say")]
    [InlineData("12", "#: it is 12; expected a schema")]
    public void Schema_ThatCannotBeUsed_SaysWhereAndWhy(string schema, string message) =>
        Should.Throw<GrammarException>(() => Grammar.FromSchema(schema)).Message.ShouldContain(message);

    [Fact]
    public void Schemas_Mutated_GiveGrammarsOrClearErrors()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            char[] text = new RandomSchema(random).Make().ToCharArray();
            for (int i = random.Next(1, 4); i > 0; i--) text[random.Next(text.Length)] = "{}[]\",:0x\\$"[random.Next(11)];
            try
            {
                Grammar.FromSchema(new string(text)).ShouldNotBeNull();
            }
            catch (GrammarException e)
            {
                e.Message.ShouldNotBeEmpty();
            }
        }
    }

    [Fact]
    public void ManyReferencesAndMembers_TakeNoStack()
    {
        string defs = string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"d{i}\":{{\"type\":\"object\",\"properties\":{{\"x\":{{\"$ref\":\"#/$defs/d{(i + 1) % 5000}\"}}}}}}"));
        new GrammarWalk(Grammar.FromSchema($"{{\"$ref\":\"#/$defs/d0\",\"$defs\":{{{defs}}}}}")).Matches("""{"x":{"x":{}}}""").ShouldBeTrue();
        string members = string.Join(',', Enumerable.Range(0, 3000).Select(i => $"\"m{i}\":{{\"type\":\"null\"}}"));
        new GrammarWalk(Grammar.FromSchema($"{{\"type\":\"object\",\"properties\":{{{members}}}}}")).Matches("""{"m7":null,"m2999":null}""").ShouldBeTrue();
    }
}
