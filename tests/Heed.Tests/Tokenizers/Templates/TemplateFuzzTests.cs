using System.Diagnostics;
using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates;

namespace Heed.Tests.Tokenizers.Templates;

/// <summary>Templates that were damaged: whatever comes of them, it is a text or a clear error, and soon.</summary>
public sealed class TemplateFuzzTests
{
    private static readonly string[] s_pieces =
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "-%}", "{%-", "'", "\"", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "~", "**", "//", "%", "==", " in ", " not ", " is ", " if ", " else ",
        "{% endif %}", "{% endfor %}", "{% else %}", "{% for x in messages %}", "{% if x %}", "{% set x = ", "{% macro f(x) %}", "{% endmacro %}", "{% break %}", "{% generation %}", "{% endgeneration %}",
        "messages", "loop", "loop.nextitem", "namespace()", "range(99999)", "9223372036854775807", "-1", "1e308", "none", "true", "f(x)", "caller()", "| tojson", "| length", "| map('upper')", "| sort", "| list",
        "[::-1]", "[1:]", ".split(' ')", ".items()", ".format(x)", " % (1, 'a')", "* 99999999", "\ud83d", "\0", "\n", "é🙂", "raise_exception(1)", "strftime_now('%Y')", "{% raw %}", "recursive",
    ];

    [Fact]
    public void Render_MutatedTemplates_GiveTextOrAClearError()
    {
        JsonObject golden = JsonNode.Parse(File.ReadAllText(TestData.Golden("jinja/jinja.json")))!.AsObject();
        (string Template, JsonObject Variables)[] seeds =
        [
            .. golden["cases"]!.AsArray().Select(entry => ((string)entry!["template"]!, golden["variables"]!.AsObject())),
            .. golden["chats"]!.AsArray().Select(entry => ((string)entry!["template"]!, entry["variables"]!.AsObject())),
        ];
        Random random = new(20260);
        TemplateOptions options = new() { MaxSteps = 200_000, MaxTextLength = 1 << 18 };
        int rendered = 0;
        Stopwatch time = Stopwatch.StartNew();
        for (int i = 0; i < 8000; i++)
        {
            (string template, JsonObject variables) = seeds[random.Next(seeds.Length)];
            string mutated = Mutate(template, seeds[random.Next(seeds.Length)].Template, random);
            try
            {
                ChatTemplate.Parse(mutated, options: options with { Dialect = (TemplateDialect)(i % 2) }).Run(variables, Rendering.Now);
                rendered++;
            }
            catch (TemplateException)
            {
                // Clear.
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"run {i}: {mutated}", error);
            }
        }

        rendered.ShouldBeInRange(500, 7900);
        time.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1));
    }

    private static string Mutate(string template, string other, Random random)
    {
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            int at = random.Next(template.Length + 1), length = random.Next(Math.Min(12, template.Length - at) + 1);
            template = random.Next(5) switch
            {
                0 => template.Remove(at, length),
                1 => template.Insert(at, s_pieces[random.Next(s_pieces.Length)]),
                2 => template.Insert(random.Next(template.Length + 1), template.Substring(at, length)),
                3 => template[..at] + other[random.Next(other.Length + 1)..],
                _ => string.Concat(template.AsSpan(0, at), s_pieces[random.Next(s_pieces.Length)], template.AsSpan(at + length)),
            };
        }

        return template;
    }
}
