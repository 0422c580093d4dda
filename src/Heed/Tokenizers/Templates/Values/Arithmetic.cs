using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Functions;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Python's operators; whole numbers have 64 bits and say so when they do not suffice.</summary>
internal static class Arithmetic
{
    public static bool TryInteger(Value value, out long number)
    {
        number = value switch
        {
            IntegerValue integer => integer.Number,
            BooleanValue boolean => boolean.IsTrue ? 1 : 0,
            _ => 0,
        };
        return value is IntegerValue or BooleanValue;
    }

    public static bool TryNumber(Value value, out double number, out bool isFloat)
    {
        isFloat = value is FloatValue;
        number = 0;
        if (value is FloatValue real) number = real.Number;
        else if (TryInteger(value, out long integer)) number = integer;
        else return false;
        return true;
    }

    public static Value Add(Value a, Value b, RenderContext context)
    {
        switch (a, b)
        {
            case (TextValue x, TextValue y): return Join(x, y, context);
            case (SequenceValue { Kind: SequenceKind.List or SequenceKind.Tuple } x, SequenceValue y) when x.Kind == y.Kind:
                context.Charge(x.Items.Count + y.Items.Count);
                return new SequenceValue([.. x.Items, .. y.Items], x.Kind);
        }

        if (context.Dialect == TemplateDialect.JavaScript && (a is TextValue || b is TextValue) && IsScalar(a) && IsScalar(b))
            return Join(PythonText.Of(a, context), PythonText.Of(b, context), context);
        return Compute("+", a, b, context, (x, y) => checked(x + y), (x, y) => x + y);
    }

    public static Value Subtract(Value a, Value b, RenderContext context) => Compute("-", a, b, context, (x, y) => checked(x - y), (x, y) => x - y);

    public static Value Multiply(Value a, Value b, RenderContext context)
    {
        if (a is TextValue or SequenceValue && TryInteger(b, out long times)) return Repeat(a, times, context);
        if (b is TextValue or SequenceValue && TryInteger(a, out times)) return Repeat(b, times, context);
        return Compute("*", a, b, context, (x, y) => checked(x * y), (x, y) => x * y);
    }

    public static Value Divide(Value a, Value b, RenderContext context)
    {
        (double x, double y) = Numbers("/", a, b, context);
        return y == 0 ? throw context.Error("'/': division by zero.") : new FloatValue(x / y);
    }

    public static Value FloorDivide(Value a, Value b, RenderContext context) =>
        Compute("//", a, b, context, FloorDivide, FloorDivide);

    public static Value Modulo(Value a, Value b, RenderContext context)
    {
        if (a is TextValue format) return PercentFormat.Apply(format, b is SequenceValue { Kind: SequenceKind.Tuple } many ? many.Items : [b], context);
        return Compute("%", a, b, context, (x, y) => y == -1 ? 0 : x - (FloorDivide(x, y) * y), Modulo);
    }

    public static Value Power(Value a, Value b, RenderContext context)
    {
        if (TryInteger(a, out long whole) && TryInteger(b, out long exponent) && exponent >= 0) return new IntegerValue(Power(whole, exponent, context));
        (double x, double y) = Numbers("**", a, b, context);
        return new FloatValue(Math.Pow(x, y));
    }

    public static Value Negate(Value value, RenderContext context) => value switch
    {
        FloatValue real => new FloatValue(-real.Number),
        _ when TryInteger(value, out long number) && number > long.MinValue => new IntegerValue(-number),
        _ => throw context.Error($"'-': got {Describe(value)}; need a number."),
    };

    public static Value Plus(Value value, RenderContext context) => value switch
    {
        FloatValue => value,
        _ when TryInteger(value, out long number) => new IntegerValue(number),
        _ => throw context.Error($"'+': got {Describe(value)}; need a number."),
    };

    public static TextValue Join(TextValue a, TextValue b, RenderContext context)
    {
        if (a.Length == 0 || b.Length == 0) return a.Length == 0 ? b : a;
        TextBuilder builder = new(context);
        builder.Append(a);
        builder.Append(b);
        return builder.ToText();
    }

    /// <summary>A value in an error message: its type, or what is missing.</summary>
    public static string Describe(Value value) => value is UndefinedValue missing ? $"nothing ({missing.Reason})" : value.TypeName;

    private static bool IsScalar(Value value) => value is TextValue or IntegerValue or FloatValue or BooleanValue;

    private static Value Repeat(Value value, long times, RenderContext context)
    {
        times = Math.Max(0, times);
        if (value is TextValue text)
        {
            if (text.Length > 0 && times > context.MaxTextLength / text.Length)
                throw context.Error($"'*': a text of {text.Length} characters {times} times; at most {context.MaxTextLength} characters are allowed.");
            TextBuilder builder = new(context);
            for (long i = 0; i < times && text.Length > 0; i++) builder.Append(text);
            return builder.ToText();
        }

        SequenceValue sequence = (SequenceValue)value;
        if (!sequence.HasEntries || sequence.Kind == SequenceKind.Range) throw context.Error($"'*': got {value.TypeName}; need a number, a text or a list.");
        context.Charge(times > int.MaxValue ? long.MaxValue / 2 : times * sequence.Items.Count);
        List<Value> items = [];
        for (long i = 0; i < times && sequence.Items.Count > 0; i++) items.AddRange(sequence.Items);
        return new SequenceValue(items, sequence.Kind);
    }

    private static long FloorDivide(long x, long y)
    {
        long quotient = checked(x / y);
        return x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient;
    }

    private static double FloorDivide(double x, double y)
    {
        double quotient = (x - Modulo(x, y)) / y, floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    // The sign is the divisor's; .NET's is the other's.
    private static double Modulo(double x, double y)
    {
        if (y == 0) throw new DivideByZeroException();
        double rest = x % y;
        if (rest == 0) return Math.CopySign(0, y);
        return (rest < 0) == (y < 0) ? rest : rest + y;
    }

    private static long Power(long number, long exponent, RenderContext context)
    {
        if (number is 0 or 1) return exponent == 0 ? 1 : number;
        if (number == -1) return exponent % 2 == 0 ? 1 : -1;
        long result = 1;
        try
        {
            for (long i = 0; i < exponent; i++) result = checked(result * number);
        }
        catch (OverflowException)
        {
            throw context.Error($"'**': {number} ** {exponent} does not fit into 64 bits.");
        }

        return result;
    }

    private static Value Compute(string sign, Value a, Value b, RenderContext context, Func<long, long, long> whole, Func<double, double, double> real)
    {
        try
        {
            if (TryInteger(a, out long x) && TryInteger(b, out long y)) return new IntegerValue(whole(x, y));
            (double p, double q) = Numbers(sign, a, b, context);
            return new FloatValue(real(p, q));
        }
        catch (DivideByZeroException)
        {
            throw context.Error($"'{sign}': division by zero.");
        }
        catch (OverflowException)
        {
            throw context.Error($"'{sign}': the result does not fit into 64 bits.");
        }
    }

    private static (double A, double B) Numbers(string sign, Value a, Value b, RenderContext context)
    {
        if (TryNumber(a, out double x, out _) && TryNumber(b, out double y, out _)) return (x, y);
        throw context.Error($"'{sign}': got {Describe(a)} and {Describe(b)}; need two {(sign == "+" ? "numbers, two texts or two lists" : "numbers")}.");
    }
}
