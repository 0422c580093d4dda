using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Execution;

/// <summary>The arguments of a call.</summary>
internal sealed class Arguments(IReadOnlyList<Value> positional, IReadOnlyList<KeyValuePair<string, Value>> named)
{
    public static Arguments None { get; } = new([], []);

    public IReadOnlyList<Value> Positional => positional;

    public IReadOnlyList<KeyValuePair<string, Value>> Named => named;

    /// <summary>Puts the arguments into the order of a function's parameters; null stands for one that was not given.</summary>
    /// <param name="context">Names the line in errors.</param>
    /// <param name="operation">What is called.</param>
    /// <param name="required">How many of the parameters must be given.</param>
    /// <param name="parameters">The parameters' names, in order.</param>
    public Value?[] Bind(RenderContext context, string operation, int required, params ReadOnlySpan<string> parameters)
    {
        if (positional.Count > parameters.Length)
            throw context.Error($"{operation}: got {positional.Count} arguments; takes at most {parameters.Length}.");
        Value?[] bound = new Value?[parameters.Length];
        for (int i = 0; i < positional.Count; i++) bound[i] = positional[i];
        foreach ((string name, Value value) in named)
        {
            int index = parameters.IndexOf(name);
            if (index < 0) throw context.Error($"{operation}: got an argument '{name}'; knows {(parameters.Length == 0 ? "none" : string.Join(", ", parameters))}.");
            if (bound[index] is not null) throw context.Error($"{operation}: got the argument '{name}' twice.");
            bound[index] = value;
        }

        for (int i = 0; i < required; i++)
            if (bound[i] is null) throw context.Error($"{operation}: the argument '{parameters[i]}' is missing.");
        return bound;
    }

    /// <summary>As <see cref="Bind"/>, for the methods that Python lets nobody call with names.</summary>
    public Value?[] BindUnnamed(RenderContext context, string operation, int required, params ReadOnlySpan<string> parameters)
    {
        if (named.Count > 0 && context.Dialect == TemplateDialect.Python)
            throw context.Error($"{operation}: got an argument '{named[0].Key}'; takes no arguments by name.");
        return Bind(context, operation, required, parameters);
    }

    /// <summary>The arguments after the first ones.</summary>
    public Arguments Skip(int count) => new([.. positional.Skip(count)], named);
}
