using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Functions;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>The arguments of a call as they are written.</summary>
internal sealed class ArgumentList(List<Expression> positional, List<(string Name, Expression Value)> named, Expression? more, Expression? moreNamed)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);

    public Arguments Evaluate(Scope scope, RenderContext context)
    {
        if (positional.Count == 0 && named.Count == 0 && more is null && moreNamed is null) return Arguments.None;
        List<Value> values = [.. positional.Select(argument => argument.Evaluate(scope, context))];
        List<KeyValuePair<string, Value>> names = [.. named.Select(argument => KeyValuePair.Create(argument.Name, argument.Value.Evaluate(scope, context)))];
        if (more is not null) values.AddRange(Entries.Iterate(more.Evaluate(scope, context), context, "*"));
        if (moreNamed is null) return new Arguments(values, names);
        if (moreNamed.Evaluate(scope, context) is not MappingValue mapping) throw context.Error("'**': need a dict.");
        foreach ((Value key, Value value) in mapping.Entries)
            names.Add(KeyValuePair.Create(key is TextValue text ? text.Text : throw context.Error("'**': need a dict whose keys are texts."), value));
        return new Arguments(values, names);
    }
}

/// <summary>f(…).</summary>
internal sealed class CallExpression(Expression target, ArgumentList arguments, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context) => Call(scope, context, caller: null);

    public Value Call(Scope scope, RenderContext context, CallableValue? caller)
    {
        Value function = target.Evaluate(scope, context);
        Arguments values = arguments.Evaluate(scope, context);
        if (caller is not null) values = new Arguments(values.Positional, [.. values.Named, KeyValuePair.Create<string, Value>("caller", caller)]);
        context.Line = Line;
        if (function is not CallableValue callable) throw context.Error($"call: got {Arithmetic.Describe(function)}; need a function.");
        return callable.Call(values, context);
    }
}

/// <summary>value | filter(…).</summary>
internal sealed class FilterExpression(Expression? input, string name, ArgumentList arguments, int line) : Expression(line)
{
    /// <summary>What is filtered, or null for a block's text.</summary>
    public Expression? Input => input;

    public Value Apply(Value value, Scope scope, RenderContext context)
    {
        if (input is FilterExpression earlier) value = earlier.Apply(value, scope, context);
        Arguments values = arguments.Evaluate(scope, context);
        context.Line = Line;
        return FilterTable.Apply(name, value, values, context);
    }

    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value value = input!.Evaluate(scope, context);
        Arguments values = arguments.Evaluate(scope, context);
        context.Line = Line;
        return FilterTable.Apply(name, value, values, context);
    }
}

/// <summary>value is test(…).</summary>
internal sealed class TestExpression(Expression input, string name, ArgumentList arguments, int line) : Expression(line)
{
    protected override Value Compute(Scope scope, RenderContext context)
    {
        Value value = input.Evaluate(scope, context);
        Arguments values = arguments.Evaluate(scope, context);
        context.Line = Line;
        return BooleanValue.Of(TestTable.Holds(name, value, values, context));
    }
}
