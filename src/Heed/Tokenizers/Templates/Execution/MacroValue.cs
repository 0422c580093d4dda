using Heed.Tokenizers.Templates.Syntax;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Execution;

/// <summary>A macro with the names that it sees.</summary>
internal sealed class MacroValue(MacroDefinition definition, Scope outer) : CallableValue(definition.Name)
{
    public override string TypeName => "macro";

    public override Value? Attribute(string name, RenderContext context) => name == "name" ? TextValue.FromTemplate(Name) : null;

    public override Value Call(Arguments arguments, RenderContext context)
    {
        context.Enter();
        Scope scope = new(outer);
        Bind(arguments, scope, context);
        TextBuilder output = new(context);
        definition.Body.Execute(scope, output, context);
        context.Leave();
        return output.ToText();
    }

    private void Bind(Arguments arguments, Scope scope, RenderContext context)
    {
        int count = definition.Parameters.Count;
        if (arguments.Positional.Count > count && !definition.TakesMore) throw context.Error($"{Name}(): got {arguments.Positional.Count} arguments; takes at most {count}.");
        Dictionary<string, Value> named = new(StringComparer.Ordinal);
        foreach ((string name, Value value) in arguments.Named)
            if (!named.TryAdd(name, value)) throw context.Error($"{Name}(): got the argument '{name}' twice.");
        for (int i = 0; i < count; i++)
        {
            (string name, Expression? otherwise) = definition.Parameters[i];
            bool isNamed = named.Remove(name, out Value? value);
            if (i < arguments.Positional.Count)
            {
                if (isNamed) throw context.Error($"{Name}(): got the argument '{name}' twice.");
                value = arguments.Positional[i];
            }

            scope.Set(name, value ?? otherwise?.Evaluate(scope, context) ?? new UndefinedValue($"the argument '{name}' was not given"));
        }

        BindRest(arguments, named, scope, context);
    }

    private void BindRest(Arguments arguments, Dictionary<string, Value> named, Scope scope, RenderContext context)
    {
        bool hasCaller = definition.Parameters.Any(parameter => parameter.Name == "caller");
        if (definition.TakesCaller && !hasCaller) scope.Set("caller", named.Remove("caller", out Value? caller) ? caller : new UndefinedValue("there is no caller; the macro was not called by a call block"));
        if (definition.TakesMoreNamed)
        {
            MappingValue rest = new();
            foreach ((string name, Value value) in named) rest.Set(name, value);
            scope.Set("kwargs", rest);
        }
        else if (named.Count > 0)
        {
            throw context.Error($"{Name}(): got an argument '{named.Keys.First()}' that it does not have.");
        }

        if (definition.TakesMore) scope.Set("varargs", new SequenceValue([.. arguments.Positional.Skip(definition.Parameters.Count)], SequenceKind.Tuple));
    }
}
