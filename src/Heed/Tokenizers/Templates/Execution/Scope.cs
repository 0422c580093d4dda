using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Execution;

/// <summary>Names and what they are bound to; names that are not found are looked for further out.</summary>
internal sealed class Scope(Scope? outer)
{
    private Dictionary<string, Value>? _values;

    public void Set(string name, Value value) => (_values ??= new Dictionary<string, Value>(StringComparer.Ordinal))[name] = value;

    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
            if (scope._values is { } values && values.TryGetValue(name, out Value? value)) return value;
        return null;
    }

    private Scope? Outer => outer;
}
