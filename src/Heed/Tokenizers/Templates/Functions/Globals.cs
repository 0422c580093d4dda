using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>The functions that every template knows.</summary>
internal static class Globals
{
    // The bound of Jinja's sandbox.
    private const int MaxRange = 100_000;

    public static Scope Create(TemplateDialect dialect)
    {
        Scope scope = new(outer: null);
        foreach ((string name, Func<Arguments, RenderContext, Value> body) in new (string, Func<Arguments, RenderContext, Value>)[]
        {
            ("range", Range), ("namespace", Namespace), ("dict", Mapping), ("raise_exception", Raise), ("strftime_now", Now), ("joiner", Joiner), ("cycler", Cycler),
        }) scope.Set(name, new FunctionValue(name, body));
        if (dialect == TemplateDialect.JavaScript) scope.Set("null", NoneValue.Instance);
        return scope;
    }

    private static SequenceValue Range(Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.BindUnnamed(context, "range", 1, "start", "stop", "step");
        long[] numbers = new long[3];
        for (int i = 0; i < 3; i++) numbers[i] = TextMethods.Integer(bound[i], "range", "start, stop or step", context, i == 2 ? 1 : 0);
        (long start, long stop, long step) = bound[1] is null ? (0, numbers[0], 1) : (numbers[0], numbers[1], numbers[2]);
        if (step == 0) throw context.Error("range: the step is 0.");
        Int128 distance = step > 0 ? (Int128)stop - start : (Int128)start - stop, width = Int128.Abs(step);
        Int128 count = distance <= 0 ? 0 : (distance + width - 1) / width;
        if (count > MaxRange) throw context.Error($"range: {count} numbers; at most {MaxRange} are allowed.");
        context.Charge((long)count);
        List<Value> items = [.. Enumerable.Range(0, (int)count).Select(i => new IntegerValue(start + (i * step)))];
        return new SequenceValue(items, SequenceKind.Range, step == 1 ? $"range({start}, {stop})" : $"range({start}, {stop}, {step})");
    }

    private static NamespaceValue Namespace(Arguments arguments, RenderContext context)
    {
        NamespaceValue values = new();
        foreach ((Value key, Value value) in Mapping(arguments, context).Entries) values.Set(((TextValue)key).Text, value);
        return values;
    }

    private static MappingValue Mapping(Arguments arguments, RenderContext context)
    {
        MappingValue mapping = new();
        if (arguments.Positional.Count > 1) throw context.Error($"dict: got {arguments.Positional.Count} arguments; takes at most 1 without a name.");
        if (arguments.Positional is [var first])
        {
            context.Charge(first is MappingValue copied ? copied.Count : 0);
            if (first is not MappingValue other || other.Keys.Any(key => key is not TextValue)) throw context.Error($"dict: got {Arithmetic.Describe(first)}; need a dict whose keys are texts.");
            mapping = new MappingValue(other);
        }

        foreach ((string name, Value value) in arguments.Named) mapping.Set(name, value);
        return mapping;
    }

    private static Value Raise(Arguments arguments, RenderContext context) =>
        throw context.Refusal(PythonText.Of(arguments.Bind(context, "raise_exception", 1, "message")[0]!, context).Text);

    private static TextValue Now(Arguments arguments, RenderContext context)
    {
        TextValue format = TextMethods.Text(arguments.Bind(context, "strftime_now", 1, "format")[0], "strftime_now", "format", context);
        bool isInput = format.Runs.ToArray().Any(run => run.Origin.HasFlag(TextOrigin.Input));
        return new TextValue(TimeFormat.Apply(format.Text, context), isInput ? TextOrigin.Input : TextOrigin.Template);
    }

    /// <summary>Nothing the first time, the separator after that.</summary>
    private static FunctionValue Joiner(Arguments arguments, RenderContext context)
    {
        Value separator = arguments.Bind(context, "joiner", 0, "sep")[0] ?? TextValue.FromTemplate(", ");
        bool isFirst = true;
        return new FunctionValue("joiner", (_, _) =>
        {
            if (!isFirst) return separator;
            isFirst = false;
            return TextValue.Empty;
        });
    }

    private static NamespaceValue Cycler(Arguments arguments, RenderContext context)
    {
        IReadOnlyList<Value> items = arguments.Positional.Count > 0 ? arguments.Positional : throw context.Error("cycler: got no values; need at least one.");
        int position = 0;
        NamespaceValue cycler = new();
        cycler.Set("next", new FunctionValue("next", (_, _) =>
        {
            Value item = items[position];
            position = (position + 1) % items.Count;
            cycler.Set("current", items[position]);
            return item;
        }));
        cycler.Set("reset", new FunctionValue("reset", (_, _) =>
        {
            position = 0;
            cycler.Set("current", items[0]);
            return NoneValue.Instance;
        }));
        cycler.Set("current", items[0]);
        return cycler;
    }
}
