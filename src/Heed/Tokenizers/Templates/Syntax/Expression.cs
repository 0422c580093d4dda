using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>Something that has a value.</summary>
internal abstract class Expression(int line)
{
    public int Line => line;

    public Value Evaluate(Scope scope, RenderContext context)
    {
        context.Enter();
        context.Line = line;
        Value value = Compute(scope, context);
        context.Leave();
        return value;
    }

    protected abstract Value Compute(Scope scope, RenderContext context);
}
