using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>An arithmetic operator between two values.</summary>
internal sealed class BinaryExpression(Func<Value, Value, RenderContext, Value> operation, Expression left, Expression right, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value a = left.Evaluate(scope, context), b = right.Evaluate(scope, context);
        context.Line = Line;
        return operation(a, b, context);
    }
}

/// <summary>A sign before a number.</summary>
internal sealed class SignExpression(Func<Value, RenderContext, Value> operation, Expression operand, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context) => operation(operand.Evaluate(scope, context), context);
}

/// <summary>Values as one text: a ~ b ~ c.</summary>
internal sealed class ConcatenationExpression(List<Expression> parts, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        TextBuilder builder = new(context);
        foreach (Expression part in parts) builder.Append(PythonText.Of(part.Evaluate(scope, context), context));
        return builder.ToText();
    }
}

/// <summary>a and b, a or b: the operand that decides.</summary>
internal sealed class LogicalExpression(bool isAnd, Expression left, Expression right, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value value = left.Evaluate(scope, context);
        return value.IsTrue == isAnd ? right.Evaluate(scope, context) : value;
    }
}

internal sealed class NotExpression(Expression operand, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context) => BooleanValue.Of(!operand.Evaluate(scope, context).IsTrue);
}

/// <summary>a &lt; b &lt;= c: every neighbouring pair.</summary>
internal sealed class ComparisonExpression(Expression first, List<(string Sign, Expression Operand)> others, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value left = first.Evaluate(scope, context);
        foreach ((string sign, Expression operand) in others)
        {
            Value right = operand.Evaluate(scope, context);
            context.Line = Line;
            if (!Holds(sign, left, right, context)) return BooleanValue.False;
            left = right;
        }

        return BooleanValue.True;
    }

    public static bool Holds(string sign, Value a, Value b, RenderContext context) => sign switch
    {
        "==" => Comparison.AreEqual(a, b, context),
        "!=" => !Comparison.AreEqual(a, b, context),
        "in" => Comparison.Contains(b, a, context),
        "not in" => !Comparison.Contains(b, a, context),
        "<" => Comparison.Order(a, b, context) < 0,
        "<=" => Comparison.Order(a, b, context) <= 0,
        ">" => Comparison.Order(a, b, context) > 0,
        _ => Comparison.Order(a, b, context) >= 0,
    };
}

/// <summary>a if b else c; undefined where there is no else.</summary>
internal sealed class ConditionalExpression(Expression condition, Expression then, Expression? otherwise, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        if (condition.Evaluate(scope, context).IsTrue) return then.Evaluate(scope, context);
        return otherwise?.Evaluate(scope, context) ?? new UndefinedValue("the condition is false and there is no else");
    }
}
