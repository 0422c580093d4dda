using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Execution;

/// <summary>What is inside of values: attributes, entries, slices, one after the other.</summary>
internal static class Entries
{
    public static Value Attribute(Value value, string name, RenderContext context)
    {
        if (value is UndefinedValue missing) throw context.Error($"'.{name}': {missing.Reason}.");
        if (value.Attribute(name, context) is { } attribute) return attribute;
        if (value is MappingValue mapping && mapping.TryGet(TextValue.FromTemplate(name), out Value? entry)) return entry;
        return Missing(value, $"attribute '{name}'");
    }

    public static Value Item(Value value, Value key, RenderContext context)
    {
        context.ChargeReading(key is TextValue written ? written.Length : 0);
        switch (value)
        {
            case UndefinedValue missing: throw context.Error($"'[…]': {missing.Reason}.");
            case MappingValue mapping when MappingValue.CanBeKey(key) && mapping.TryGet(key, out Value? entry): return entry;
            case TextValue text when Arithmetic.TryInteger(key, out long index): return Character(text, index, context);
            case SequenceValue { HasEntries: true } sequence when Arithmetic.TryInteger(key, out long index):
                if (index < 0) index += sequence.Items.Count;
                return index >= 0 && index < sequence.Items.Count ? sequence.Items[(int)index] : Missing(sequence, $"entry {index}");
        }

        if (key is not TextValue name) return Missing(value, "such entry");
        return value.Attribute(name.Text, context) ?? Missing(value, $"entry '{name.Text}'");
    }

    public static Value Slice(Value value, Value? start, Value? end, Value? step, RenderContext context)
    {
        if (value is UndefinedValue missing) throw context.Error($"'[:]': {missing.Reason}.");
        TextValue? text = value as TextValue;
        context.ChargeReading(text?.Length ?? 0);
        if (text is null && value is not SequenceValue { HasEntries: true }) throw context.Error($"'[:]': got {value.TypeName}; need a text or a list.");
        int[]? starts = text is { IsSimple: false } ? text.Starts() : null;
        int count = text is null ? ((SequenceValue)value).Items.Count : starts is null ? text.Length : starts.Length - 1;
        (long from, long to, long by) = SliceRange.Of(start, end, step, count, context);
        if (text is null)
        {
            SequenceValue sequence = (SequenceValue)value;
            return new SequenceValue([.. SliceRange.Indices(from, to, by, context).Select(i => sequence.Items[i])], sequence.Kind == SequenceKind.Tuple ? SequenceKind.Tuple : SequenceKind.List);
        }

        if (by == 1)
        {
            int first = starts?[(int)from] ?? (int)from, last = from >= to ? first : starts?[(int)to] ?? (int)to;
            context.ChargeReading(last - first);
            return text.Part(first, last - first);
        }

        TextBuilder builder = new(context);
        foreach (int i in SliceRange.Indices(from, to, by, context)) builder.Append(text, starts?[i] ?? i, starts is null ? 1 : starts[i + 1] - starts[i]);
        return builder.ToText();
    }

    /// <summary>The entries that a loop goes through: a text's characters, a dict's keys, nothing of what is undefined.</summary>
    public static IReadOnlyList<Value> Iterate(Value value, RenderContext context, string operation = "for")
    {
        switch (value)
        {
            case SequenceValue sequence:
                IReadOnlyList<Value> items = sequence.Take();
                context.Charge(items.Count);
                return items;
            case MappingValue mapping:
                context.Charge(mapping.Count);
                return mapping.Keys;
            case TextValue text:
                context.Charge(8L * text.Length);
                int[] starts = text.Starts();
                return [.. Enumerable.Range(0, starts.Length - 1).Select(i => text.Part(starts[i], starts[i + 1] - starts[i]))];
            case UndefinedValue: return [];
            default: throw context.Error($"{operation}: got {value.TypeName}; need a list, a dict or a text.");
        }
    }

    /// <summary>How many entries a value has.</summary>
    public static long Length(Value value, RenderContext context)
    {
        switch (value)
        {
            case TextValue text:
                context.ChargeReading(text.Length);
                return text.CountRunes();
            case SequenceValue sequence when sequence.Kind != SequenceKind.Lazy || context.Dialect == TemplateDialect.JavaScript: return sequence.Items.Count;
            case MappingValue mapping: return mapping.Count;
            case UndefinedValue: return 0;
            default: throw context.Error($"length: got {value.TypeName}; need a text, a list or a dict.");
        }
    }

    private static Value Character(TextValue text, long index, RenderContext context)
    {
        context.ChargeReading(text.Length);
        int[]? starts = text.IsSimple ? null : text.Starts();
        int count = starts is null ? text.Length : starts.Length - 1;
        if (index < 0) index += count;
        if (index < 0 || index >= count) return Missing(text, $"entry {index}");
        return starts is null ? text.Part((int)index, 1) : text.Part(starts[index], starts[index + 1] - starts[index]);
    }

    private static UndefinedValue Missing(Value value, string what) => new($"a {value.TypeName} has no {what}");
}
