using System.Collections.Frozen;
using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Syntax;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Jinja's tests.</summary>
internal static class TestTable
{
    private delegate bool Test(Value input, Value[] arguments, RenderContext context);

    private static readonly FrozenDictionary<string, (int Arguments, Test Test)> s_tests = new Dictionary<string, (int, Test)>(StringComparer.Ordinal)
    {
        ["defined"] = (0, (input, _, _) => input is not UndefinedValue),
        ["undefined"] = (0, (input, _, _) => input is UndefinedValue),
        ["none"] = (0, (input, _, _) => input is NoneValue),
        ["boolean"] = (0, (input, _, _) => input is BooleanValue),
        ["true"] = (0, (input, _, _) => ReferenceEquals(input, BooleanValue.True)),
        ["false"] = (0, (input, _, _) => ReferenceEquals(input, BooleanValue.False)),
        ["integer"] = (0, (input, _, _) => input is IntegerValue),
        ["float"] = (0, (input, _, _) => input is FloatValue),
        ["number"] = (0, (input, _, _) => input is IntegerValue or FloatValue or BooleanValue),
        ["string"] = (0, (input, _, _) => input is TextValue),
        ["mapping"] = (0, (input, _, _) => input is MappingValue),
        ["sequence"] = (0, (input, _, _) => input is TextValue or MappingValue or UndefinedValue or SequenceValue { HasEntries: true }),
        ["iterable"] = (0, (input, _, _) => input is TextValue or MappingValue or UndefinedValue or SequenceValue),
        ["callable"] = (0, (input, _, _) => input is CallableValue or UndefinedValue),
        ["escaped"] = (0, (_, _, _) => false),
        ["lower"] = (0, (input, _, context) => HasCase(input, isUpper: false, context)),
        ["upper"] = (0, (input, _, context) => HasCase(input, isUpper: true, context)),
        ["odd"] = (0, (input, _, context) => HasRest(input, 2, 1, context)),
        ["even"] = (0, (input, _, context) => HasRest(input, 2, 0, context)),
        ["divisibleby"] = (1, (input, arguments, context) => HasRest(input, TextMethods.Integer(arguments[0], "divisibleby", "num", context, 1), 0, context)),
        ["sameas"] = (1, (input, arguments, context) => ReferenceEquals(input, arguments[0]) || (input.GetType() == arguments[0].GetType() && input is IntegerValue or NoneValue && Comparison.AreEqual(input, arguments[0], context))),
        ["filter"] = (0, (input, _, _) => input is TextValue name && FilterTable.Has(name.Text)),
        ["test"] = (0, (input, _, _) => input is TextValue name && Has(name.Text)),
        ["in"] = (1, (input, arguments, context) => Comparison.Contains(arguments[0], input, context)),
        ["eq"] = Operator("=="),
        ["equalto"] = Operator("=="),
        ["=="] = Operator("=="),
        ["ne"] = Operator("!="),
        ["!="] = Operator("!="),
        ["lt"] = Operator("<"),
        ["lessthan"] = Operator("<"),
        ["<"] = Operator("<"),
        ["le"] = Operator("<="),
        ["<="] = Operator("<="),
        ["gt"] = Operator(">"),
        ["greaterthan"] = Operator(">"),
        [">"] = Operator(">"),
        ["ge"] = Operator(">="),
        [">="] = Operator(">="),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Holds(string name, Value input, Arguments arguments, RenderContext context)
    {
        if (!s_tests.TryGetValue(name, out (int Arguments, Test Test) test)) throw context.Error($"there is no test '{name}'.");
        if (arguments.Positional.Count + arguments.Named.Count != test.Arguments)
            throw context.Error($"is {name}: got {arguments.Positional.Count + arguments.Named.Count} arguments; takes {test.Arguments}.");
        return test.Test(input, [.. arguments.Positional, .. arguments.Named.Select(argument => argument.Value)], context);
    }

    private static bool Has(string name) => s_tests.ContainsKey(name);

    private static (int, Test) Operator(string sign) => (1, (input, arguments, context) => ComparisonExpression.Holds(sign, input, arguments[0], context));

    private static bool HasCase(Value input, bool isUpper, RenderContext context)
    {
        string text = PythonText.Of(input, context).Text;
        context.ChargeReading(text.Length);
        return TextMethods.HasCase(text, isUpper);
    }

    private static bool HasRest(Value input, long divisor, long rest, RenderContext context)
    {
        if (input is TextValue) throw context.Error("is odd, even or divisibleby: got str; need a number.");
        return Comparison.AreEqual(Arithmetic.Modulo(input, new IntegerValue(divisor), context), new IntegerValue(rest), context);
    }
}
