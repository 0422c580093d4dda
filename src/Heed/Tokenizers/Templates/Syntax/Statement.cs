using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>Something that writes or binds.</summary>
internal abstract class Statement(int line)
{
    protected int Line => line;

    public Flow Execute(Scope scope, TextBuilder output, RenderContext context)
    {
        context.Enter();
        context.Line = line;
        Flow flow = Run(scope, output, context);
        context.Leave();
        return flow;
    }

    protected abstract Flow Run(Scope scope, TextBuilder output, RenderContext context);
}

/// <summary>Statements one after the other.</summary>
internal sealed class Block(List<Statement> statements)
{
    public static Block Empty { get; } = new([]);

    public Flow Execute(Scope scope, TextBuilder output, RenderContext context)
    {
        foreach (Statement statement in statements)
            if (statement.Execute(scope, output, context) is not Flow.Next and var flow) return flow;
        return Flow.Next;
    }

    /// <summary>What the statements write, in a scope of their own.</summary>
    public TextValue Capture(Scope outer, RenderContext context)
    {
        TextBuilder output = new(context);
        Execute(new Scope(outer), output, context);
        return output.ToText();
    }
}
