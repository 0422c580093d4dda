using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>The template's own text.</summary>
internal sealed class DataStatement(string text, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        output.Append(text);
        return Flow.Next;
    }
}

/// <summary>{{ value }}.</summary>
internal sealed class PrintStatement(Expression value, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        output.Append(PythonText.Of(value.Evaluate(scope, context), context));
        return Flow.Next;
    }
}

/// <summary>{% filter … %}.</summary>
internal sealed class FilterStatement(FilterExpression filter, Block body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        output.Append(PythonText.Of(filter.Apply(body.Capture(scope, context), scope, context), context));
        return Flow.Next;
    }
}

/// <summary>{% generation %}: what the model itself is to say.</summary>
internal sealed class GenerationStatement(Block body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        output.Append(body.Capture(scope, context), TextOrigin.Answer);
        return Flow.Next;
    }
}

/// <summary>{% call(…) macro(…) %}: calls with a block that the macro may write.</summary>
internal sealed class CallStatement(CallExpression call, MacroDefinition caller, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        output.Append(PythonText.Of(call.Call(scope, context, new MacroValue(caller, scope)), context));
        return Flow.Next;
    }
}
