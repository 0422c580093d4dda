using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>a.b: a method first, then an entry.</summary>
internal sealed class AttributeExpression(Expression target, string name, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value value = target.Evaluate(scope, context);
        context.Line = Line;
        return Entries.Attribute(value, name, context);
    }
}

/// <summary>a[b]: an entry first, then a method.</summary>
internal sealed class ItemExpression(Expression target, Expression key, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value value = target.Evaluate(scope, context), index = key.Evaluate(scope, context);
        context.Line = Line;
        return Entries.Item(value, index, context);
    }
}

/// <summary>a[start:end:step].</summary>
internal sealed class SliceExpression(Expression target, Expression? start, Expression? end, Expression? step, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value value = target.Evaluate(scope, context);
        Value? from = start?.Evaluate(scope, context), to = end?.Evaluate(scope, context), by = step?.Evaluate(scope, context);
        context.Line = Line;
        return Entries.Slice(value, from, to, by, context);
    }
}
