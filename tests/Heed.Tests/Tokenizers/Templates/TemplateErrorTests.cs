using Heed.Tokenizers.Templates;

namespace Heed.Tests.Tokenizers.Templates;

public sealed class TemplateErrorTests
{
    [Theory]
    [InlineData("a\nb\n{% if true %}\nx", 3, "'if' of line 3 is not closed; got the end of the template, expected '{% endif %}'.")]
    [InlineData("a\n{{ 1 +\n}}", 3, "got '}}', expected an expression.")]
    [InlineData("\n\n{% frob %}", 3, "got the statement 'frob'; expected if, for")]
    [InlineData("{#\n\n", 1, "a comment is not closed; expected '#}'.")]
    [InlineData("\n{% raw %}", 2, "'raw' is not closed")]
    [InlineData("\n{{ 'a", 2, "a text is not closed; expected '.")]
    [InlineData("x\r\ny\rz\n{{ ? }}", 4, "unexpected character '?'.")]
    [InlineData("{{ [1) }}", 1, "unexpected ')'; expected ']'.")]
    [InlineData("{% include 'x' %}", 1, "'include' is of no use in a chat template")]
    [InlineData("{{ '\\x4' }}", 1, "is not complete")]
    public void Parse_Wrong_SaysWhereAndWhat(string source, int line, string problem)
    {
        TemplateException error = Should.Throw<TemplateException>(() => ChatTemplate.Parse(source, "model's template"));
        error.Message.ShouldStartWith($"model's template, line {line}: ");
        error.Message.ShouldContain(problem);
        (error.Line, error.IsRefusal).ShouldBe((line, false));
    }

    [Theory]
    [InlineData("\n{{ 1 + 'a' }}", 2, "'+': got int and str; need two numbers, two texts or two lists.")]
    [InlineData("\n\n{{ messages[0].x.y }}", 3, "'.x': a list has no entry 0.")]
    [InlineData("{{ nothing.x }}", 1, "'.x': 'nothing' is undefined.")]
    [InlineData("{{\n nothing() }}", 2, "call: got nothing ('nothing' is undefined); need a function.")]
    [InlineData("{% for x in 5 %}{% endfor %}", 1, "for: got int; need a list, a dict or a text.")]
    [InlineData("{{ 1 | frob }}", 1, "there is no filter 'frob'.")]
    [InlineData("{{ 1 is frob }}", 1, "there is no test 'frob'.")]
    [InlineData("{{ messages.append(1) }}", 1, "list.append: values cannot be changed")]
    [InlineData("{% set messages.x = 1 %}", 1, "'messages' is no namespace")]
    [InlineData("{{ 'a'.replace('b') }}", 1, "replace: the argument 'new' is missing.")]
    [InlineData("{{ range | tojson }}", 1, "tojson: got function; need")]
    [InlineData("{{ range[1:] }}", 1, "'[:]': got function; need a text or a list.")]
    public void Render_Wrong_SaysWhereAndWhat(string source, int line, string problem)
    {
        TemplateException error = Should.Throw<TemplateException>(() => ChatTemplate.Parse(source).Render(new ChatTemplateInput { Messages = [] }));
        error.Message.ShouldStartWith($"chat template, line {line}: ");
        error.Message.ShouldContain(problem);
        error.Line.ShouldBe(line);
    }

    [Fact]
    public void Render_RaiseException_IsTheTemplatesOwnRefusal()
    {
        ChatTemplate template = ChatTemplate.Parse("\n{{ raise_exception('Only ' ~ 2 ~ ' roles!') }}");
        TemplateException error = Should.Throw<TemplateException>(() => template.Render(new ChatTemplateInput { Messages = [] }));
        (error.Message, error.IsRefusal, error.Line).ShouldBe(("Only 2 roles!", true, 2));
    }

    [Fact]
    public void Arguments_Null_AreErrors()
    {
        Should.Throw<ArgumentNullException>(() => ChatTemplate.Parse(null!));
        Should.Throw<ArgumentNullException>(() => ChatTemplate.Parse("").Render(null!));
    }
}
