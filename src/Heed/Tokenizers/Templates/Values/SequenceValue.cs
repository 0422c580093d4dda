using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Functions;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Values in a row.</summary>
internal sealed class SequenceValue(IReadOnlyList<Value> items, SequenceKind kind = SequenceKind.List, string? shown = null) : Value
{
    private bool _isSpent;

    public SequenceKind Kind => kind;

    /// <summary>How it is written where that is not its entries.</summary>
    public string? Shown => shown;

    public IReadOnlyList<Value> Items => _isSpent ? [] : items;

    /// <summary>Names of the entries, for a tuple that has such.</summary>
    public IReadOnlyList<string> NamedParts { get; init; } = [];

    public bool HasEntries => kind is SequenceKind.List or SequenceKind.Tuple or SequenceKind.Range;

    public override string TypeName => kind switch
    {
        SequenceKind.List => "list",
        SequenceKind.Tuple => "tuple",
        SequenceKind.Range => "range",
        SequenceKind.View => "dict view",
        _ => "generator",
    };

    public override bool IsTrue => kind == SequenceKind.Lazy || items.Count > 0;

    public static SequenceValue Lazy(IReadOnlyList<Value> items) => new(items, SequenceKind.Lazy, "<generator object>");

    /// <summary>The entries, to go through them; those of a lazy sequence are then gone.</summary>
    public IReadOnlyList<Value> Take()
    {
        IReadOnlyList<Value> taken = Items;
        _isSpent = kind == SequenceKind.Lazy;
        return taken;
    }

    public override Value? Attribute(string name, RenderContext context)
    {
        for (int i = 0; i < NamedParts.Count; i++)
            if (NamedParts[i] == name) return items[i];
        return HasEntries ? SequenceMethods.Find(this, name) : null;
    }
}
