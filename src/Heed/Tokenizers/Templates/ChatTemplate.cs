using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Functions;
using Heed.Tokenizers.Templates.Syntax;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates;

/// <summary>
/// A chat template: a program in Jinja that writes messages as the text that a model was trained on. It runs in bounds, touches nothing
/// but its input, and keeps apart what it wrote itself and what came from outside. Safe for several threads at once.
/// </summary>
/// <example>
/// <code>
/// ChatTemplate template = ChatTemplate.Parse("{% for message in messages %}&lt;|{{ message.role }}|&gt;{{ message.content }}{% endfor %}");
/// string text = template.Render(new ChatTemplateInput { Messages = ChatTemplateInput.ToJson([new(ChatRole.User, "Hello!")]) }).Text;
/// </code>
/// </example>
public sealed class ChatTemplate
{
    private readonly Block _body;
    private readonly TemplateOptions _options;

    private ChatTemplate(string name, string source, Block body, TemplateOptions options)
    {
        (Name, Source, _body, _options) = (name, source, body, options);
        TakesTools = TemplateLexer.Read(name, source).Exists(token => token.Is(TokenType.Name, "tools"));
    }

    /// <summary>What errors call the template.</summary>
    public string Name { get; }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>Whether the template looks at <c>tools</c>, so that it has a place for what a model may call.</summary>
    public bool TakesTools { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">The template, in the language of Jinja2 with the settings of Hugging Face's transformers.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">Bounds and dialect; <see cref="TemplateOptions.Default"/> if null.</param>
    /// <exception cref="TemplateException">It is no template of this language, or beyond the bounds.</exception>
    public static ChatTemplate Parse(string source, string name = "chat template", TemplateOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= TemplateOptions.Default;
        if (source.Length > options.MaxSourceLength)
            throw new TemplateException(name, 1, $"the source has {source.Length} characters; at most {options.MaxSourceLength} are allowed.");
        return new ChatTemplate(name, source, TemplateParser.Parse(name, source, options.MaxNesting), options);
    }

    /// <summary>Writes a chat.</summary>
    /// <param name="input">The messages and what else the template looks at.</param>
    /// <param name="cancellation">Ends the work soon.</param>
    /// <exception cref="TemplateException">The template refuses the messages, does something that cannot be done, or goes beyond the bounds.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public RenderedChat Render(ChatTemplateInput input, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        RenderContext context = new(Name, _options, input.Clock.GetLocalNow(), cancellation);
        Scope scope = new(Globals.Create(_options.Dialect));
        scope.Set("messages", JsonValues.OfMessages(input.Messages, context));
        scope.Set("tools", JsonValues.Of(input.Tools, TextOrigin.Input, context));
        scope.Set("documents", NoneValue.Instance);
        scope.Set("add_generation_prompt", BooleanValue.Of(input.AddGenerationPrompt));
        if (input.BosToken is { } bos) scope.Set("bos_token", TextValue.FromTemplate(bos));
        if (input.EosToken is { } eos) scope.Set("eos_token", TextValue.FromTemplate(eos));
        foreach ((string name, JsonNode? value) in input.Variables ?? []) scope.Set(name, JsonValues.Of(value, TextOrigin.Input, context));
        return new RenderedChat(Run(scope, context), leadsIn: !Source.Contains("add_generation_prompt", StringComparison.Ordinal));
    }

    /// <summary>Renders with nothing but these variables and functions.</summary>
    internal TextValue Run(IEnumerable<KeyValuePair<string, JsonNode?>> variables, DateTimeOffset now, IReadOnlyDictionary<string, Value>? functions = null, CancellationToken cancellation = default)
    {
        RenderContext context = new(Name, _options, now, cancellation);
        Scope scope = new(Globals.Create(_options.Dialect));
        foreach ((string name, JsonNode? value) in variables)
            scope.Set(name, name == "messages" && value is JsonArray messages ? JsonValues.OfMessages(messages, context) : JsonValues.Of(value, TextOrigin.Input, context));
        foreach ((string name, Value value) in functions ?? new Dictionary<string, Value>()) scope.Set(name, value);
        return Run(scope, context);
    }

    // The input's names lie outside of the template's own, as globals do for Jinja.
    private TextValue Run(Scope scope, RenderContext context)
    {
        TextBuilder output = new(context);
        _body.Execute(new Scope(scope), output, context);
        return output.ToText();
    }
}
