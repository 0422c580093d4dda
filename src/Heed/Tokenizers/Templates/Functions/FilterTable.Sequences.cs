using System.Globalization;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Filters of lists and dicts.</summary>
internal static partial class FilterTable
{
    private static Value First(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "first", 0);
        return Entries.Iterate(input, context, "first") is [var first, ..] ? first : new UndefinedValue("the list is empty and has no first entry");
    }

    private static Value Last(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "last", 0);
        return Entries.Iterate(input, context, "last") is [.., var last] ? last : new UndefinedValue("the list is empty and has no last entry");
    }

    private static Value Reverse(Value input, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, "reverse", 0);
        return input is TextValue ? Entries.Slice(input, null, null, new IntegerValue(-1), context) : SequenceValue.Lazy([.. Entries.Iterate(input, context, "reverse").Reverse()]);
    }

    private static SequenceValue Items(Value input, Arguments arguments, RenderContext context) => input switch
    {
        MappingValue mapping => SequenceValue.Lazy(MappingMethods.Items(mapping, arguments, context).Items),
        UndefinedValue => SequenceValue.Lazy([]),
        _ => throw context.Error($"items: got {Arithmetic.Describe(input)}; need a dict."),
    };

    private static TextValue Join(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "join", 0, "d", "attribute");
        IReadOnlyList<Value> parts = Entries.Iterate(input, context, "join");
        if (bound[1] is { } attribute) parts = [.. parts.Select(Getter(attribute, context))];
        return TextOperations.Join(bound[0] is null ? TextValue.Empty : PythonText.Of(bound[0]!, context), parts, context);
    }

    private static SequenceValue Map(Value input, Arguments arguments, RenderContext context)
    {
        IReadOnlyList<Value> entries = IterateIfTrue(input, context, "map");
        if (arguments.Positional.Count == 0)
        {
            Value?[] bound = arguments.Bind(context, "map", 1, "attribute", "default");
            Func<Value, Value> getter = Getter(bound[0]!, context, bound[1]);
            return SequenceValue.Lazy([.. entries.Select(getter)]);
        }

        string filter = TextMethods.Text(arguments.Positional[0], "map", "filter", context).Text;
        Arguments rest = arguments.Skip(1);
        return SequenceValue.Lazy([.. entries.Select(entry => Charged(context, () => Apply(filter, entry, rest, context)))]);
    }

    private static SequenceValue Select(string name, Value input, Arguments arguments, RenderContext context, bool keeps, bool byAttribute)
    {
        IReadOnlyList<Value> entries = IterateIfTrue(input, context, name);
        int first = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < first) throw context.Error($"{name}: the argument 'attribute' is missing.");
        Func<Value, Value> getter = byAttribute ? Getter(arguments.Positional[0], context) : entry => entry;
        string? test = arguments.Positional.Count > first ? TextMethods.Text(arguments.Positional[first], name, "test", context).Text : null;
        Arguments rest = arguments.Skip(first + 1);
        bool Holds(Value entry) => test is null ? getter(entry).IsTrue : TestTable.Holds(test, getter(entry), rest, context);
        return SequenceValue.Lazy([.. entries.Where(entry => Charged(context, () => Holds(entry) == keeps))]);
    }

    // Jinja's map and select take none, false and 0 for empty lists.
    private static IReadOnlyList<Value> IterateIfTrue(Value input, RenderContext context, string filter) => input.IsTrue ? Entries.Iterate(input, context, filter) : [];

    private static SequenceValue Sort(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "sort", 0, "reverse", "case_sensitive", "attribute");
        bool isSensitive = bound[1]?.IsTrue ?? false;
        Func<Value, Value>[] getters = bound[2] is TextValue names
            ? [.. names.Text.Split(',').Select(name => Getter(TextValue.FromTemplate(name), context))]
            : [Getter(bound[2] ?? NoneValue.Instance, context)];
        Value Key(Value entry) => new SequenceValue([.. getters.Select(getter => Fold(getter(entry), isSensitive, context))]);
        return new SequenceValue(StableSort.Sort(Entries.Iterate(input, context, "sort"), Key, bound[0]?.IsTrue ?? false, context));
    }

    private static SequenceValue SortMapping(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "dictsort", 0, "case_sensitive", "by", "reverse");
        if (input is not MappingValue mapping) throw context.Error($"dictsort: got {Arithmetic.Describe(input)}; need a dict.");
        string by = bound[1] is null ? "key" : TextMethods.Text(bound[1], "dictsort", "by", context).Text;
        if (by is not ("key" or "value")) throw context.Error($"dictsort: got by='{by}'; need 'key' or 'value'.");
        bool isSensitive = bound[0]?.IsTrue ?? false;
        List<KeyValuePair<Value, Value>> sorted = StableSort.Sort(
            [.. mapping.Entries], entry => Fold(by == "key" ? entry.Key : entry.Value, isSensitive, context), bound[2]?.IsTrue ?? false, context);
        return new SequenceValue([.. sorted.Select(entry => new SequenceValue([entry.Key, entry.Value], SequenceKind.Tuple))]);
    }

    private static SequenceValue Unique(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "unique", 0, "case_sensitive", "attribute");
        Func<Value, Value> getter = Getter(bound[1] ?? NoneValue.Instance, context);
        List<Value> keys = [], unique = [];
        foreach (Value entry in Entries.Iterate(input, context, "unique"))
        {
            Value key = Fold(getter(entry), bound[0]?.IsTrue ?? false, context);
            if (keys.Exists(seen => Comparison.AreEqual(seen, key, context))) continue;
            keys.Add(key);
            unique.Add(entry);
        }

        return SequenceValue.Lazy(unique);
    }

    private static SequenceValue GroupBy(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "groupby", 1, "attribute", "default", "case_sensitive");
        bool isSensitive = bound[2]?.IsTrue ?? false;
        Func<Value, Value> getter = Getter(bound[0]!, context, bound[1]);
        List<(Value Key, List<Value> Entries)> groups = [];
        foreach (Value entry in StableSort.Sort(Entries.Iterate(input, context, "groupby"), entry => Fold(getter(entry), isSensitive, context), isReversed: false, context))
        {
            Value key = getter(entry);
            if (groups.Count > 0 && Comparison.AreEqual(Fold(groups[^1].Key, isSensitive, context), Fold(key, isSensitive, context), context)) groups[^1].Entries.Add(entry);
            else groups.Add((key, [entry]));
        }

        return new SequenceValue([.. groups.Select(group => Group(group.Key, group.Entries))]);
    }

    // A tuple whose parts have names; templates use either.
    private static SequenceValue Group(Value key, List<Value> entries) => new([key, new SequenceValue(entries)], SequenceKind.Tuple) { NamedParts = ["grouper", "list"] };

    private static Value Extreme(string name, Value input, Arguments arguments, RenderContext context, int sign)
    {
        Value?[] bound = arguments.Bind(context, name, 0, "case_sensitive", "attribute");
        Func<Value, Value> getter = Getter(bound[1] ?? NoneValue.Instance, context);
        Value? best = null, bestKey = null;
        foreach (Value entry in Entries.Iterate(input, context, name))
        {
            Value key = Fold(getter(entry), bound[0]?.IsTrue ?? false, context);
            if (bestKey is not null && (Comparison.Order(key, bestKey, context) ?? 0) * sign <= 0) continue;
            (best, bestKey) = (entry, key);
        }

        return best ?? new UndefinedValue($"the list is empty and has no {name}");
    }

    private static Value Sum(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "sum", 0, "attribute", "start");
        Func<Value, Value> getter = Getter(bound[0] ?? NoneValue.Instance, context);
        return Entries.Iterate(input, context, "sum").Aggregate(bound[1] ?? new IntegerValue(0), (sum, entry) => Arithmetic.Add(sum, getter(entry), context));
    }

    private static SequenceValue Batch(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "batch", 1, "linecount", "fill_with");
        int size = Count(bound[0], "batch", "linecount", context);
        List<Value> rows = [];
        foreach (Value[] row in Entries.Iterate(input, context, "batch").Chunk(size))
        {
            int missing = bound[1] is null or NoneValue ? 0 : size - row.Length;
            rows.Add(new SequenceValue([.. row, .. Enumerable.Repeat(bound[1]!, missing)]));
        }

        return SequenceValue.Lazy(rows);
    }

    private static SequenceValue Slice(Value input, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.Bind(context, "slice", 1, "slices", "fill_with");
        int count = Count(bound[0], "slice", "slices", context);
        IReadOnlyList<Value> entries = Entries.Iterate(input, context, "slice");
        (int size, int longer) = Math.DivRem(entries.Count, count);
        List<Value> slices = [];
        for (int i = 0, from = 0; i < count; i++)
        {
            int length = size + (i < longer ? 1 : 0);
            List<Value> slice = [.. entries.Skip(from).Take(length)];
            if (bound[1] is not (null or NoneValue) && i >= longer) slice.Add(bound[1]!);
            slices.Add(new SequenceValue(slice));
            from += length;
        }

        return SequenceValue.Lazy(slices);
    }

    private static int Count(Value? value, string filter, string argument, RenderContext context)
    {
        long count = TextMethods.Integer(value, filter, argument, context, 1);
        if (count is < 1 or > 100_000) throw context.Error($"{filter}: got {count} for '{argument}'; need 1 to 100000.");
        context.Charge(count);
        return (int)count;
    }

    /// <summary>What gets an attribute by its path, as in 'function.name' or 0; the entry itself for none.</summary>
    private static Func<Value, Value> Getter(Value attribute, RenderContext context, Value? otherwise = null)
    {
        Value[] path = attribute switch
        {
            NoneValue => [],
            TextValue text => [.. text.Text.Split('.').Select(part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? (Value)new IntegerValue(index) : TextValue.FromTemplate(part))],
            _ => [attribute],
        };
        return entry =>
        {
            foreach (Value part in path)
            {
                entry = Entries.Item(entry, part, context);
                if (otherwise is not (null or NoneValue) && entry is UndefinedValue) entry = otherwise;
            }

            return entry;
        };
    }

    // Capital letters do not count unless they are to.
    private static Value Fold(Value value, bool isSensitive, RenderContext context) =>
        !isSensitive && value is TextValue text ? TextOperations.Map(text, (character, _) => TextOperations.Lower(character), context) : value;

    private static T Charged<T>(RenderContext context, Func<T> work)
    {
        context.Enter();
        T result = work();
        context.Leave();
        return result;
    }
}
