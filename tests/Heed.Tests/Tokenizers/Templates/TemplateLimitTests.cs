using System.Diagnostics;
using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tests.Tokenizers.Templates;

/// <summary>Templates that ask for too much end in a clear error, soon, and without the memory that they ask for.</summary>
public sealed class TemplateLimitTests
{
    [Theory]
    [InlineData("{{ range(10 ** 9) }}", "at most 100000")]
    [InlineData("{{ range(-(10 ** 18), 10 ** 18) }}", "at most 100000")]
    [InlineData("{{ 'a' * 10 ** 9 }}", "at most")]
    [InlineData("{{ 'abc' * 9223372036854775807 }}", "at most")]
    [InlineData("{{ [0] * 10 ** 9 }}", "steps")]
    [InlineData("{{ [0] * 9223372036854775807 }}", "steps")]
    [InlineData("{{ 'a'.center(10 ** 12) }}", "at most")]
    [InlineData("{{ 'a' | center(10 ** 9) }}", "at most")]
    [InlineData("{{ '1'.zfill(10 ** 9) }}", "at most")]
    [InlineData("{{ 'a' | indent(10 ** 9) }}", "at most")]
    [InlineData("{{ '%1000000000d' % 1 }}", "too much")]
    [InlineData("{{ '%.1000f' % 1 }}", "too much")]
    [InlineData("{{ [1] | batch(10 ** 9, 0) | list }}", "need 1 to 100000")]
    [InlineData("{{ [1] | slice(10 ** 9) | list }}", "need 1 to 100000")]
    [InlineData("{{ 10 ** 19 }}", "64 bits")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "64 bits")]
    [InlineData("{{ -9223372036854775807 - 9 }}", "64 bits")]
    [InlineData("{{ 9223372036854775807 * 2 }}", "64 bits")]
    [InlineData("{{ (-9223372036854775807 - 1) // -1 }}", "64 bits")]
    [InlineData("{{ -(-9223372036854775807 - 1) }}", "need a number")]
    [InlineData("{{ 99999999999999999999 }}", "64 bits")]
    [InlineData("{{ 3 ** 9223372036854775807 }}", "64 bits")]
    [InlineData("{% set ns = namespace(s='aa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "at most")]
    [InlineData("{% set ns = namespace(s='aa') %}{% for i in range(100) %}{% set ns.s = ns.s.replace('a', 'aaaaaaaa') %}{% endfor %}", "at most")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "steps")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}", "steps")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson | length }}", "steps")]
    [InlineData("{% set a = namespace(s=[1]) %}{% set b = namespace(s=[1]) %}{% for i in range(60) %}{% set a.s = [a.s, a.s] %}{% set b.s = [b.s, b.s] %}{% endfor %}{{ a.s == b.s }}", "steps")]
    [InlineData("{% set ns = namespace(s=[]) %}{% for i in range(100000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}", "deep")]
    [InlineData("{% set a = namespace(s=[]) %}{% set b = namespace(s=[]) %}{% for i in range(90000) %}{% set a.s = [a.s] %}{% set b.s = [b.s] %}{% endfor %}{{ a.s == b.s }}", "deep")]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}{% endfor %}", "at most")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deep")]
    [InlineData("{% macro f(x=f()) %}{% endmacro %}{{ f() }}", "deep")]
    [InlineData("{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}", "deep")]
    [InlineData("{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}", "deep")]
    [InlineData("{{ range(100000) | map('string') | map('length') | sort | unique | list | tojson }}{% for i in range(1000) %}{{ range(100000) | sort | length }}{% endfor %}", "steps")]
    [InlineData("{% for c in 'a' * 16000000 %}{% endfor %}", "steps")]
    [InlineData("{{ ('a,' * 4000000).split(',') | length }}", "steps")]
    [InlineData("{% set ns = namespace(s='') %}{% for x in messages * 200 %}{% set ns.s = ns.s ~ x ~ 'b' %}{% endfor %}{% for i in range(1000) %}{% set x = ns.s.upper().replace('B', 'c').split('c') | tojson %}{% endfor %}", "steps")]
    [InlineData("{% set s = 'a' * 8000000 %}{% for i in range(100000) %}{% set x = s[:1] %}{% endfor %}", "steps")]
    [InlineData("{% set s = 'a' * 8000000 %}{% for i in range(100000) %}{% set x = s | int %}{% endfor %}", "steps")]
    [InlineData("{% set s = 'a' * 8000000 %}{% for i in range(100000) %}{% set x = s.ljust(1) is lower %}{% endfor %}", "steps")]
    [InlineData("{% set s = 'a' * 8000000 %}{% for i in range(100000) %}{% set x = messages is mapping or {}.get(s) or s in {} or {}[s] %}{% endfor %}", "steps")]
    [InlineData("{{ strftime_now('%c' * 2000000) }}", "at most")]
    [InlineData("{{ 'ab'[0:9223372036854775807:9223372036854775807] }}{{ 1 / 0 }}", "division")]
    public void Render_TooMuch_IsAnError(string template, string expected)
    {
        Stopwatch time = Stopwatch.StartNew();
        TemplateOptions options = new() { MaxSteps = 4_000_000 };
        TemplateException error = Should.Throw<TemplateException>(() => ChatTemplate.Parse(template, options: options).Run(new JsonObject { ["messages"] = new JsonArray("a", "b") }, Rendering.Now));
        error.Message.ShouldStartWith("chat template, line 1: ");
        error.Message.ShouldContain(expected);
        time.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("{{ ", "(", "1", ")", " }}")]
    [InlineData("{{ ", "[", "1", "]", " }}")]
    [InlineData("{{ ", "{'a': ", "1", "}", " }}")]
    [InlineData("{{ ", "-", "1", "", " }}")]
    [InlineData("{{ ", "not ", "1", "", " }}")]
    [InlineData("{{ ", "1 if 1 else ", "1", "", " }}")]
    [InlineData("{{ a", "[0", "", "]", " }}")]
    [InlineData("{{ a", "(a", "", ")", " }}")]
    [InlineData("{{ 1", " | default(1", "", ")", " }}")]
    [InlineData("", "{% if 1 %}", "", "{% endif %}", "")]
    [InlineData("", "{% for x in [1] %}", "", "{% endfor %}", "")]
    [InlineData("", "{% set x %}", "", "{% endset %}", "")]
    [InlineData("{% for ", "(", "a", ")", " in [] %}{% endfor %}")]
    public void Parse_NestedTooDeep_IsAnError(string start, string open, string middle, string close, string end)
    {
        foreach (int depth in new[] { 200, 20_000 })
        {
            string template = start + string.Concat(Enumerable.Repeat(open, depth)) + middle + string.Concat(Enumerable.Repeat(close, depth)) + end;
            Should.Throw<TemplateException>(() => ChatTemplate.Parse(template)).Message.ShouldContain("deep");
        }
    }

    [Theory]
    [InlineData("1", " + 1")]
    [InlineData("a", ".b")]
    [InlineData("'a'", " | upper")]
    [InlineData("1", " is defined")]
    [InlineData("1", " or 0")]
    public void Render_LongChains_AreAnError(string start, string link) =>
        Rendering.Try("{{ " + start + string.Concat(Enumerable.Repeat(link, 50_000)) + " }}").ShouldContain("deep");

    [Fact]
    public void Parse_TooLong_IsAnError() =>
        Should.Throw<TemplateException>(() => ChatTemplate.Parse(new string('a', (1 << 20) + 1))).Message.ShouldContain("1048577 characters; at most 1048576");

    [Fact]
    public void Render_InputNestedTooDeep_IsAnError()
    {
        JsonArray deep = [];
        for (int i = 0; i < 100_000; i++) deep = [deep];
        Rendering.Try("{{ x }}", new JsonObject { ["x"] = deep }).ShouldContain("deep");
    }

    [Fact]
    public void Render_InputBeyondTheBounds_IsAnError()
    {
        Rendering.Try("{{ x }}", new JsonObject { ["x"] = new string('a', (1 << 24) + 1) }).ShouldContain("at most 16777216");
        Rendering.Try("{{ x }}", new JsonObject { ["x"] = JsonNode.Parse("123456789012345678901234567890") }).ShouldContain("64 bits");
    }

    [Fact]
    public void Render_LongMessages_AreWellWithinTheBounds()
    {
        JsonArray messages = [];
        for (int i = 0; i < 200; i++) messages.Add((JsonNode)new JsonObject { ["role"] = i % 2 == 0 ? "user" : "assistant", ["content"] = new string('a', 20_000) });
        string template = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content | trim).split('</think>')[-1].lstrip('\n') + '<|im_end|>\n' }}{% endfor %}";
        Rendering.Render(template, new JsonObject { ["messages"] = messages }).Length.ShouldBeGreaterThan(4_000_000);
    }

    [Fact]
    public void Render_TextOfManyOrigins_TakesTimeInProportion()
    {
        JsonArray letters = [.. Enumerable.Range(0, 100_000).Select(_ => (JsonNode)"A")];
        TextValue text = Rendering.Text("{% set s = letters | join('b') %}{{ s.upper() }}{{ s.replace('b', 'c') }}{{ s | tojson }}{{ [s] }}{{ s.split('b') | join('b') }}{{ s[1::2] }}{{ s[1:] }}", new JsonObject { ["letters"] = letters });
        text.Runs.Length.ShouldBeGreaterThan(1_000_000);
    }

    [Fact]
    public void Render_Cancelled_Stops()
    {
        using CancellationTokenSource source = new();
        source.Cancel();
        ChatTemplate template = ChatTemplate.Parse("{% for i in range(100000) %}{% endfor %}");
        Should.Throw<OperationCanceledException>(() => template.Render(new ChatTemplateInput { Messages = [] }, source.Token));
    }

    [Fact]
    public void Options_OwnBounds_Hold()
    {
        TemplateOptions options = new() { MaxSteps = 100, MaxTextLength = 10, MaxNesting = 5, MaxDepth = 20 };
        Error("{{ 'aaaaaa' * 2 }}").ShouldContain("at most 10");
        Error("{% for i in range(200) %}{% endfor %}").ShouldContain("more than 100 steps");
        Error("{{ ((((((1)))))) }}").ShouldContain("at most 5");
        string Error(string source) => Should.Throw<TemplateException>(() => ChatTemplate.Parse(source, options: options).Render(new ChatTemplateInput { Messages = [] })).Message;
    }
}
