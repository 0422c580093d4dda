using Heed.Tokenizers.Templates.Execution;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Something that can be called.</summary>
internal abstract class CallableValue(string name) : Value
{
    public string Name => name;

    public override string TypeName => "function";

    public abstract Value Call(Arguments arguments, RenderContext context);
}

/// <summary>A function of the engine's own.</summary>
internal sealed class FunctionValue(string name, Func<Arguments, RenderContext, Value> body) : CallableValue(name)
{
    public override Value Call(Arguments arguments, RenderContext context) => body(arguments, context);
}
