using System.Text.Json.Nodes;
using Heed.Tokenizers;
using Heed.Tokenizers.Templates;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tests.Tokenizers.Templates;

/// <summary>Templates of published models, and the cases of Hugging Face's JavaScript engine; optional data.</summary>
public sealed class PublishedTemplateTests
{
    private const string Language = "chat-templates/jinja-language.json";
    private const string Renderings = "chat-templates/renderings.json";
    private const string Templates = "chat-templates/templates";

    [DataFact(Language)]
    public void Render_TheLanguagesCases_MatchInTheDialectTheyWereWrittenFor()
    {
        List<string> wrong = [];
        foreach ((string name, JsonNode? entry) in Read(Language))
        {
            JsonObject context = entry!["context"]!.AsObject();
            string text = Rendering.Try((string)entry["template"]!, context, TemplateDialect.JavaScript, Functions(name));
            if (text != (string)entry["expected"]!) wrong.Add($"{name}: got {text}, expected {entry["expected"]}");
        }

        wrong.ShouldBeEmpty();
    }

    [DataFact(Renderings)]
    public void Render_TheRenderings_MatchExactly()
    {
        List<string> wrong = [];
        foreach ((_, JsonNode? group) in Read(Renderings))
            foreach ((string name, JsonNode? entry) in group!.AsObject())
                foreach (TemplateDialect dialect in Enum.GetValues<TemplateDialect>())
                {
                    // It prints tools as they are, and Python would write them in its own way; jinja2 does so too.
                    if (name == "MadeAgents/Hammer2.1" && dialect == TemplateDialect.Python) continue;
                    string text = Rendering.Try((string)entry!["chat_template"]!, entry["data"]!.AsObject(), dialect);
                    if (text != (string)entry["target"]!) wrong.Add($"{name}, {dialect}: got {text}");
                }

        wrong.ShouldBeEmpty();
    }

    [DataFact(Templates)]
    public void Render_EveryPublishedTemplate_Renders()
    {
        string[] files = Directory.GetFiles(TestData.Get(Templates), "*.jinja");
        files.ShouldNotBeEmpty();
        foreach (string file in files)
        {
            ChatTemplate template = ChatTemplate.Parse(File.ReadAllText(file), Path.GetFileName(file));
            foreach (bool withTools in new[] { false, true })
            {
                RenderedChat chat = template.Render(new ChatTemplateInput
                {
                    Messages = JsonNode.Parse("""[{"role":"user","content":"How warm is it?"},{"role":"assistant","content":"Mild."},{"role":"user","content":"And tomorrow?"}]""")!.AsArray(),
                    Tools = withTools || file.Contains("tool_use", StringComparison.Ordinal) ? Tools() : null,
                    AddGenerationPrompt = true,
                    BosToken = "<s>",
                    EosToken = "</s>",
                    Clock = new FixedClock(Rendering.Now),
                });
                chat.Text.ShouldContain("And tomorrow?", customMessage: file);
                chat.Segments.Where(segment => !segment.IsTrusted).ShouldContain(segment => segment.Text == "And tomorrow?", file);
            }
        }
    }

    [DataFact(Renderings, "tokenizers/llama2_tokenizer.model")]
    public void Row39_LlamasTemplate_GivesTheBuiltInFormatsIds()
    {
        Tokenizer tokenizer = Tokenizer.Load(TestData.Get("tokenizers/llama2_tokenizer.model"));
        string template = (string)Read(Renderings)["default"]!["llama"]!["chat_template"]!;
        ChatFormat format = ChatFormat.Detect(tokenizer, template), builtIn = ChatFormat.Of(ChatFormatKind.Llama2);
        (format.Kind, format.Template?.Source).ShouldBe((ChatFormatKind.Llama2, template));
        ChatMessage[] chat =
        [
            new(ChatRole.System, "Be brief."), new(ChatRole.User, " Who wrote Faust? "), new(ChatRole.Assistant, "Goethe.</s>"), new(ChatRole.User, "When?\nAnd <s> where? 🙂"),
        ];
        format.Render(chat, tokenizer).ShouldMatch(builtIn.Render(chat, tokenizer));
        format.Render(chat[1..2], tokenizer).ShouldMatch(builtIn.Render(chat[1..2], tokenizer));
        DialogTokens got = format.RenderDialog(chat[..3], tokenizer), expected = builtIn.RenderDialog(chat[..3], tokenizer);
        got.Ids.ShouldMatch(expected.Ids);
        got.IsAnswer.ShouldBe(expected.IsAnswer);
    }

    private static JsonArray Tools() => JsonNode.Parse("""
        [{"type":"function","function":{"name":"weather","description":"The weather.","parameters":{"type":"object","properties":{"city":{"type":"string","description":"Where."}},"required":["city"]}}}]
        """)!.AsArray();

    private static JsonObject Read(string file) => JsonNode.Parse(File.ReadAllText(TestData.Get(file)))!.AsObject();

    // Two cases call functions that JSON cannot hold.
    private static Dictionary<string, Value> Functions(string name)
    {
        FunctionValue join = new("x", (arguments, context) => arguments.Positional.Aggregate((Value)TextValue.Empty, (sum, part) => Arithmetic.Add(sum, part, context)));
        FunctionValue underlined = new("A", (arguments, _) => TextValue.FromTemplate(string.Join('_', arguments.Positional.Cast<TextValue>().Select(text => text.Text))));
        MappingValue inner = new(), outer = new();
        inner.Set("A", underlined);
        outer.Set("x", join);
        outer.Set("z", inner);
        return name switch
        {
            "OBJ_METHODS" => new() { ["obj"] = outer },
            "NUMBERS" => new() { ["add"] = new FunctionValue("add", (arguments, context) => Arithmetic.Add(arguments.Positional[0], arguments.Positional[1], context)) },
            _ => [],
        };
    }
}
