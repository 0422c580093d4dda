using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>The methods of lists and tuples; those that would change one are there only to say that they may not.</summary>
internal static class SequenceMethods
{
    public static FunctionValue? Find(SequenceValue sequence, string name) => name switch
    {
        "index" => new FunctionValue("index", (arguments, context) => Index(sequence, arguments, context)),
        "count" => new FunctionValue("count", (arguments, context) => Count(sequence, arguments, context)),
        "copy" when sequence.Kind == SequenceKind.List => new FunctionValue("copy", (_, _) => sequence),
        "append" or "clear" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" when sequence.Kind == SequenceKind.List =>
            new FunctionValue(name, (_, context) => throw context.Error($"list.{name}: values cannot be changed in a template; write a + [b], or use a filter.")),
        _ => null,
    };

    private static IntegerValue Index(SequenceValue sequence, Arguments arguments, RenderContext context)
    {
        Value item = arguments.BindUnnamed(context, "index", 1, "value")[0]!;
        for (int i = 0; i < sequence.Items.Count; i++)
            if (Comparison.AreEqual(sequence.Items[i], item, context)) return new IntegerValue(i);
        throw context.Error("index: the value is not in the list.");
    }

    private static IntegerValue Count(SequenceValue sequence, Arguments arguments, RenderContext context)
    {
        Value item = arguments.BindUnnamed(context, "count", 1, "value")[0]!;
        return new IntegerValue(sequence.Items.Count(entry => Comparison.AreEqual(entry, item, context)));
    }
}
