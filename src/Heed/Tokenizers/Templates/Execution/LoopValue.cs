using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Execution;

/// <summary><c>loop</c>: where a loop is.</summary>
internal sealed class LoopValue(IReadOnlyList<Value> entries, int depth, Func<Value, Value>? recurse) : CallableValue("loop")
{
    private IReadOnlyList<Value>? _lastSeen;

    public override string TypeName => "loop";

    /// <summary>The turn, from 0.</summary>
    public int Index { get; set; }

    public override Value Call(Arguments arguments, RenderContext context)
    {
        if (recurse is null) throw context.Error("loop(): the loop is not recursive; write 'recursive' after what it goes through.");
        return recurse(arguments.Bind(context, "loop()", 1, "iterable")[0]!);
    }

    public override Value? Attribute(string name, RenderContext context) => name switch
    {
        "index" => new IntegerValue(Index + 1),
        "index0" => new IntegerValue(Index),
        "revindex" => new IntegerValue(entries.Count - Index),
        "revindex0" => new IntegerValue(entries.Count - Index - 1),
        "first" => BooleanValue.Of(Index == 0),
        "last" => BooleanValue.Of(Index == entries.Count - 1),
        "length" => new IntegerValue(entries.Count),
        "depth" => new IntegerValue(depth + 1),
        "depth0" => new IntegerValue(depth),
        "previtem" => Index > 0 ? entries[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index + 1 < entries.Count ? entries[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new FunctionValue("loop.cycle", Cycle),
        "changed" => new FunctionValue("loop.changed", Changed),
        _ => null,
    };

    private Value Cycle(Arguments arguments, RenderContext context) => arguments.Positional.Count > 0
        ? arguments.Positional[Index % arguments.Positional.Count]
        : throw context.Error("loop.cycle: got no values; need at least one.");

    private BooleanValue Changed(Arguments arguments, RenderContext context)
    {
        IReadOnlyList<Value>? last = _lastSeen;
        _lastSeen = arguments.Positional;
        return BooleanValue.Of(last is null || !Comparison.AreEqual(new SequenceValue(last), new SequenceValue(arguments.Positional), context));
    }
}
