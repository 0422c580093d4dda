using System.Text.Json;

namespace Heed.Cli.Tests;

/// <summary>--json-output, --schema, --regex and --grammar of complete and chat.</summary>
public sealed class GrammarTests
{
    [Fact]
    public void Complete_Schema_WritesJsonThatFits()
    {
        using TempFolder folder = new();
        string schema = folder.File("person.json");
        File.WriteAllText(schema, """{"type":"object","properties":{"name":{"type":"string","maxLength":8},"age":{"type":"integer","minimum":1,"maximum":99}},"required":["name","age"],"additionalProperties":false}""");

        HeedResult result = HeedProcess.Run("complete", "A girl as JSON: ", "--schema", schema, "-t", "0", "-n", "100");

        result.ExitCode.ShouldBe(0, result.Err);
        result.Err.ShouldBe("");
        using JsonDocument document = JsonDocument.Parse(result.Out);
        document.RootElement.GetProperty("name").GetString()!.Length.ShouldBeLessThanOrEqualTo(8);
        document.RootElement.GetProperty("age").GetInt32().ShouldBeInRange(1, 99);
    }

    [Fact]
    public void Complete_RegexAndGrammar_WriteWhatFits()
    {
        using TempFolder folder = new();
        string grammar = folder.File("list.gbnf");
        File.WriteAllText(grammar, "root ::= (\"- \" [a-z]{3} \"\\n\"){2}");

        HeedProcess.Run("complete", "Once", "--regex", " (cat|dog)s?!", "-t", "0").Out.ShouldMatch("\\A (cat|dog)s?!\\z");
        HeedProcess.Run("complete", "Once", "--grammar", grammar, "-t", "0").Out.ShouldMatch("\\A(- [a-z]{3}\n){2}\\z");
        HeedProcess.RunWith("Hello\n", null, "chat", "--regex", "yes|no", "-t", "0").Out.ShouldMatch("\\A(yes|no)\n\\z");
    }

    [Fact]
    public void Complete_Cut_SaysSo()
    {
        HeedResult result = HeedProcess.Run("complete", "Once", "--regex", "[a-z]{50}", "-t", "0", "-n", "3");

        result.ExitCode.ShouldBe(0);
        result.Err.ShouldContain("the text was cut (max_tokens): it is only the beginning of one that fits.");
    }

    [Fact]
    public void Complete_GrammarsThatCannotBeUsed_AreErrors()
    {
        using TempFolder folder = new();
        string schema = folder.File("bad.json");
        File.WriteAllText(schema, """{"type":"text"}""");

        HeedProcess.Run("complete", "x", "--schema", schema).Err.ShouldContain("bad.json: JSON Schema: #/type: 'text' is no type");
        HeedProcess.Run("complete", "x", "--schema", folder.File("none.json")).Err.ShouldContain("none.json: the file does not exist.");
        HeedProcess.Run("complete", "x", "--regex", "(").ExitCode.ShouldBe(1);
        HeedResult both = HeedProcess.Run("complete", "x", "--regex", "a", "--json-output");
        both.ExitCode.ShouldBe(2);
        both.Err.ShouldContain("--json-output and --regex cannot hold at the same time");
    }
}
