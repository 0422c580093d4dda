using Heed.Tokenizers.Templates.Execution;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>Python's equality and order.</summary>
internal static class Comparison
{
    public static bool AreEqual(Value a, Value b, RenderContext context)
    {
        if (ReferenceEquals(a, b)) return true;
        context.Enter();
        bool equal = (a, b) switch
        {
            (TextValue x, TextValue y) => SameText(x, y, context),
            (UndefinedValue, UndefinedValue) => true,
            (SequenceValue x, SequenceValue y) => x.HasEntries && x.Kind == y.Kind && SameItems(x.Items, y.Items, context),
            (MappingValue x, MappingValue y) => SameEntries(x, y, context),
            _ => SameNumber(a, b, context),
        };
        context.Leave();
        return equal;
    }

    /// <summary>Less than, equal to or greater than 0, as <paramref name="a"/> comes before, with or after <paramref name="b"/>; null where a number is no number.</summary>
    public static int? Order(Value a, Value b, RenderContext context)
    {
        context.Enter();
        int? order = (a, b) switch
        {
            (TextValue x, TextValue y) => OrderTexts(x, y, context),
            (SequenceValue { Kind: SequenceKind.List or SequenceKind.Tuple } x, SequenceValue y) when x.Kind == y.Kind => OrderItems(x.Items, y.Items, context),
            _ => OrderNumbers(a, b, context),
        };
        context.Leave();
        return order;
    }

    /// <summary>Python's <c>in</c>.</summary>
    public static bool Contains(Value container, Value item, RenderContext context)
    {
        switch (container)
        {
            case TextValue text when item is TextValue part:
                context.ChargeReading(text.Length);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case TextValue when context.Dialect == TemplateDialect.JavaScript && item is UndefinedValue: return false;
            case TextValue: throw context.Error($"'in': got {Arithmetic.Describe(item)} in a text; need a text.");
            case SequenceValue sequence: return sequence.Take().Any(entry => AreEqual(entry, item, context));
            case MappingValue mapping:
                context.ChargeReading(item is TextValue key ? key.Length : 0);
                return MappingValue.CanBeKey(item) && mapping.TryGet(item, out _);
            case UndefinedValue: return false;
            default: throw context.Error($"'in': got {Arithmetic.Describe(container)} on the right; need a text, a list or a dict.");
        }
    }

    private static bool SameText(TextValue a, TextValue b, RenderContext context)
    {
        if (a.Length != b.Length) return false;
        context.ChargeReading(a.Length);
        return a.Text == b.Text;
    }

    private static bool SameNumber(Value a, Value b, RenderContext context)
    {
        if (context.Dialect == TemplateDialect.JavaScript && a is BooleanValue != b is BooleanValue) return false;
        if (Arithmetic.TryInteger(a, out long x) && Arithmetic.TryInteger(b, out long y)) return x == y;
        return Arithmetic.TryNumber(a, out double p, out _) && Arithmetic.TryNumber(b, out double q, out _) && p == q;
    }

    private static bool SameItems(IReadOnlyList<Value> a, IReadOnlyList<Value> b, RenderContext context)
    {
        if (a.Count != b.Count) return false;
        for (int i = 0; i < a.Count; i++)
            if (!AreEqual(a[i], b[i], context)) return false;
        return true;
    }

    private static bool SameEntries(MappingValue a, MappingValue b, RenderContext context) =>
        a.Count == b.Count && a.Entries.All(entry => b.TryGet(entry.Key, out Value? other) && AreEqual(entry.Value, other, context));

    // Python orders by code points; UTF-16 would put what lies beyond 0xFFFF before U+E000.
    private static int OrderTexts(TextValue a, TextValue b, RenderContext context)
    {
        context.ChargeReading(Math.Min(a.Length, b.Length));
        int same = a.Text.AsSpan().CommonPrefixLength(b.Text);
        if (same == a.Length || same == b.Length) return a.Length.CompareTo(b.Length);
        char x = a.Text[same], y = b.Text[same];
        return char.IsSurrogate(x) != char.IsSurrogate(y) ? (char.IsSurrogate(x) ? 1 : -1) : x.CompareTo(y);
    }

    private static int? OrderItems(IReadOnlyList<Value> a, IReadOnlyList<Value> b, RenderContext context)
    {
        for (int i = 0; i < Math.Min(a.Count, b.Count); i++)
            if (!AreEqual(a[i], b[i], context)) return Order(a[i], b[i], context);
        return a.Count.CompareTo(b.Count);
    }

    private static int? OrderNumbers(Value a, Value b, RenderContext context)
    {
        if (Arithmetic.TryInteger(a, out long x) && Arithmetic.TryInteger(b, out long y)) return x.CompareTo(y);
        if (Arithmetic.TryNumber(a, out double p, out _) && Arithmetic.TryNumber(b, out double q, out _))
            return double.IsNaN(p) || double.IsNaN(q) ? null : p.CompareTo(q);
        throw context.Error($"comparison: got {Arithmetic.Describe(a)} and {Arithmetic.Describe(b)}; need two numbers, texts or lists.");
    }
}
