using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>{% if %} … {% elif %} … {% else %}; has no scope of its own.</summary>
internal sealed class IfStatement(List<(Expression Condition, Block Body)> branches, Block otherwise, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        foreach ((Expression condition, Block body) in branches)
            if (condition.Evaluate(scope, context).IsTrue) return body.Execute(scope, output, context);
        return otherwise.Execute(scope, output, context);
    }
}

/// <summary>{% break %} and {% continue %}.</summary>
internal sealed class JumpStatement(Flow flow, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context) => flow;
}

/// <summary>{% for … in … if … recursive %} … {% else %}.</summary>
internal sealed class ForStatement(AssignmentTarget target, Expression items, Expression? filter, bool isRecursive, Block body, Block otherwise, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, TextBuilder output, RenderContext context)
    {
        Loop(items.Evaluate(scope, context), scope, output, context, depth: 0);
        return Flow.Next;
    }

    private void Loop(Value values, Scope scope, TextBuilder output, RenderContext context, int depth)
    {
        context.Line = Line;
        IReadOnlyList<Value> entries = Select(Entries.Iterate(values, context), scope, context);
        LoopValue loop = new(entries, depth, isRecursive ? inner => Recurse(inner, scope, context, depth + 1) : null);
        bool isComplete = false;
        for (int i = 0; i < entries.Count; i++)
        {
            context.Charge(1);
            loop.Index = i;
            Scope turn = new(scope);
            turn.Set("loop", loop);
            target.Assign(entries[i], turn, context);
            Flow flow = body.Execute(turn, output, context);
            if (flow == Flow.Break) break;
            isComplete |= flow == Flow.Next;
        }

        // Jinja's else is for loops of which no turn came to its end.
        if (!isComplete) otherwise.Execute(new Scope(scope), output, context);
    }

    private TextValue Recurse(Value values, Scope scope, RenderContext context, int depth)
    {
        context.Enter();
        TextBuilder output = new(context);
        Loop(values, scope, output, context, depth);
        context.Leave();
        return output.ToText();
    }

    private IReadOnlyList<Value> Select(IReadOnlyList<Value> entries, Scope scope, RenderContext context)
    {
        if (filter is null) return entries;
        List<Value> selected = [];
        foreach (Value entry in entries)
        {
            Scope turn = new(scope);
            target.Assign(entry, turn, context);
            if (filter.Evaluate(turn, context).IsTrue) selected.Add(entry);
        }

        return selected;
    }
}
