using System.Diagnostics.CodeAnalysis;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Functions;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Keys and values in the order in which they came.</summary>
internal sealed class MappingValue : Value
{
    private readonly OrderedDictionary<Value, Value> _entries;

    public MappingValue() => _entries = new OrderedDictionary<Value, Value>(KeyComparer.Instance);

    public MappingValue(MappingValue other) => _entries = new OrderedDictionary<Value, Value>(other._entries, KeyComparer.Instance);

    public int Count => _entries.Count;

    public IEnumerable<KeyValuePair<Value, Value>> Entries => _entries;

    public IReadOnlyList<Value> Keys => _entries.Keys;

    public override string TypeName => "dict";

    public override bool IsTrue => _entries.Count > 0;

    /// <summary>Only while it is made.</summary>
    public void Set(Value key, Value value) => _entries[key] = value;

    public void Set(string key, Value value) => Set(TextValue.FromTemplate(key), value);

    public bool TryGet(Value key, [NotNullWhen(true)] out Value? value) => _entries.TryGetValue(key, out value);

    public override Value? Attribute(string name, RenderContext context) => MappingMethods.Find(this, name);

    public static bool CanBeKey(Value key) => key is TextValue or IntegerValue or FloatValue or BooleanValue or NoneValue;

    private sealed class KeyComparer : IEqualityComparer<Value>
    {
        public static KeyComparer Instance { get; } = new();

        public bool Equals(Value? x, Value? y) => (x, y) switch
        {
            (TextValue a, TextValue b) => a.Text == b.Text,
            (NoneValue, NoneValue) => true,
            _ => x is not null && y is not null && Arithmetic.TryNumber(x, out double a, out _) && Arithmetic.TryNumber(y, out double b, out _) && a == b,
        };

        public int GetHashCode(Value key) => key switch
        {
            TextValue text => text.Text.GetHashCode(StringComparison.Ordinal),
            // Mixed with a seed of the process, so that a template cannot choose keys that collide; -0.0 is 0.
            _ => Arithmetic.TryNumber(key, out double number, out _) ? HashCode.Combine((int)BitConverter.DoubleToInt64Bits(number + 0.0), BitConverter.DoubleToInt64Bits(number + 0.0) >> 32) : 0,
        };
    }
}
