using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

internal sealed class LiteralExpression(Value value, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context) => value;
}

internal sealed class NameExpression(string name, int line) : Expression(line)
{
    public string Name => name;

    protected override Value Compute(Scope scope, RenderContext context) => scope.Find(name) ?? new UndefinedValue($"'{name}' is undefined");
}

/// <summary>A list or a tuple.</summary>
internal sealed class SequenceExpression(List<Expression> items, SequenceKind kind, int line) : Expression(line)
{
    public IReadOnlyList<Expression> Items => items;

    public SequenceKind Kind => kind;

    protected override Value Compute(Scope scope, RenderContext context) =>
        new SequenceValue([.. items.Select(item => item.Evaluate(scope, context))], kind);
}

internal sealed class MappingExpression(List<(Expression Key, Expression Value)> entries, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        MappingValue mapping = new();
        foreach ((Expression keyExpression, Expression valueExpression) in entries)
        {
            Value key = keyExpression.Evaluate(scope, context), value = valueExpression.Evaluate(scope, context);
            if (!MappingValue.CanBeKey(key)) throw context.Error($"dict: got a key of type {Arithmetic.Describe(key)}; need a text, a number, a boolean or none.");
            mapping.Set(key, value);
        }

        return mapping;
    }
}
