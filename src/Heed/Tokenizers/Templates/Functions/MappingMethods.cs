using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>The methods of dicts; those that would change one are there only to say that they may not.</summary>
internal static class MappingMethods
{
    public static FunctionValue? Find(MappingValue mapping, string name) => name switch
    {
        "get" => new FunctionValue("get", (arguments, context) => Get(mapping, arguments, context)),
        "items" => new FunctionValue("items", (arguments, context) => Items(mapping, arguments, context)),
        "keys" => new FunctionValue("keys", (arguments, context) => View("keys", mapping.Keys, arguments, context)),
        "values" => new FunctionValue("values", (arguments, context) => View("values", mapping.Entries.Select(entry => entry.Value), arguments, context)),
        "copy" => new FunctionValue("copy", (_, _) => mapping),
        "clear" or "pop" or "popitem" or "setdefault" or "update" =>
            new FunctionValue(name, (_, context) => throw context.Error($"dict.{name}: values cannot be changed in a template; a namespace's attributes can.")),
        _ => null,
    };

    /// <summary>Pairs of key and value.</summary>
    public static SequenceValue Items(MappingValue mapping, Arguments arguments, RenderContext context) =>
        View("items", mapping.Entries.Select(entry => new SequenceValue([entry.Key, entry.Value], SequenceKind.Tuple)), arguments, context);

    private static Value Get(MappingValue mapping, Arguments arguments, RenderContext context)
    {
        Value?[] bound = arguments.BindUnnamed(context, "get", 1, "key", "default");
        context.ChargeReading(bound[0] is TextValue key ? key.Length : 0);
        if (MappingValue.CanBeKey(bound[0]!) && mapping.TryGet(bound[0]!, out Value? value)) return value;
        return bound[1] ?? NoneValue.Instance;
    }

    private static SequenceValue View(string name, IEnumerable<Value> values, Arguments arguments, RenderContext context)
    {
        arguments.Bind(context, name, 0);
        List<Value> items = values.ToList();
        context.Charge(items.Count);
        return new SequenceValue(items, SequenceKind.View);
    }
}
