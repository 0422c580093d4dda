using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tests.Tokenizers.Templates;

/// <summary>Short ways to render.</summary>
internal static class Rendering
{
    /// <summary>The date that goldens are made with.</summary>
    public static DateTimeOffset Now { get; } = new(2025, 7, 10, 12, 0, 0, TimeSpan.Zero);

    public static string Render(string template, JsonObject? variables = null, TemplateDialect dialect = TemplateDialect.Python, IReadOnlyDictionary<string, Value>? functions = null) =>
        Text(template, variables, dialect, functions).Text;

    public static TextValue Text(string template, JsonObject? variables = null, TemplateDialect dialect = TemplateDialect.Python, IReadOnlyDictionary<string, Value>? functions = null) =>
        ChatTemplate.Parse(template, options: new TemplateOptions { Dialect = dialect }).Run(variables ?? [], Now, functions);

    /// <summary>The text, or the error's message after "error: ".</summary>
    public static string Try(string template, JsonObject? variables = null, TemplateDialect dialect = TemplateDialect.Python, IReadOnlyDictionary<string, Value>? functions = null)
    {
        try
        {
            return Render(template, variables, dialect, functions);
        }
        catch (TemplateException error)
        {
            return "error: " + error.Message;
        }
    }
}
