using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates;

namespace Heed.Tests.Tokenizers.Templates;

/// <summary>What jinja2 makes of templates of our own; where it fails, so must we.</summary>
public sealed class JinjaGoldenTests
{
    private static readonly JsonObject s_golden = JsonNode.Parse(File.ReadAllText(TestData.Golden("jinja/jinja.json")))!.AsObject();

    [Fact]
    public void Render_Expressions_MatchJinja2()
    {
        List<string> wrong = [];
        foreach (JsonNode? entry in s_golden["cases"]!.AsArray())
            Compare(wrong, (string)entry!["template"]!, s_golden["variables"]!.AsObject(), (string?)entry["expected"]);
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Render_Chats_MatchJinja2()
    {
        List<string> wrong = [];
        foreach (JsonNode? entry in s_golden["chats"]!.AsArray())
            Compare(wrong, (string)entry!["template"]!, entry["variables"]!.AsObject(), (string?)entry["expected"]);
        wrong.ShouldBeEmpty();
    }

    private static void Compare(List<string> wrong, string template, JsonObject variables, string? expected)
    {
        string text = Rendering.Try(template, variables);
        bool failed = text.StartsWith("error: ", StringComparison.Ordinal);
        if (expected is null ? !failed : text != expected) wrong.Add($"{template}\n  got      {text}\n  expected {expected ?? "an error"}");
    }
}
