using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>{% set a = … %}.</summary>
internal sealed class SetStatement(AssignmentTarget target, Expression value, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        target.Assign(value.Evaluate(scope, context), scope, context);
        return Flow.Next;
    }
}

/// <summary>{% set a %} … {% endset %}.</summary>
internal sealed class SetBlockStatement(AssignmentTarget target, FilterExpression? filter, Block body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        Value text = body.Capture(scope, context);
        target.Assign(filter?.Apply(text, scope, context) ?? text, scope, context);
        return Flow.Next;
    }
}

/// <summary>{% with a = … %}.</summary>
internal sealed class WithStatement(List<(AssignmentTarget Target, Expression Value)> bindings, Block body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        Scope inner = new(scope);
        foreach ((AssignmentTarget target, Expression value) in bindings) target.Assign(value.Evaluate(scope, context), inner, context);
        return body.Execute(inner, output, context);
    }
}

/// <summary>{% macro name(…) %}.</summary>
internal sealed class MacroStatement(MacroDefinition definition, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        scope.Set(definition.Name, new MacroValue(definition, scope));
        return Flow.Next;
    }
}

/// <summary>A macro as it is written.</summary>
internal sealed record MacroDefinition(string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Block Body)
{
    /// <summary>Whether the body looks at varargs, kwargs and caller; without, such arguments are errors.</summary>
    public bool TakesMore { get; init; }

    public bool TakesMoreNamed { get; init; }

    public bool TakesCaller { get; init; }
}
