using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Execution;

/// <summary>The bounds of a slice, as Python puts them within a sequence.</summary>
internal static class SliceRange
{
    public static (long From, long To, long By) Of(Value? start, Value? end, Value? step, int count, RenderContext context)
    {
        long by = Bound(step, context) ?? 1;
        if (by == 0) throw context.Error("'[:]': the step is 0.");
        long low = by > 0 ? 0 : -1, high = by > 0 ? count : count - 1;
        long Clamp(long index) => Math.Clamp(index < 0 ? index + count : index, low, high);
        long from = Bound(start, context) is { } first ? Clamp(first) : by > 0 ? low : high;
        long to = Bound(end, context) is { } last ? Clamp(last) : by > 0 ? high : low;
        return (from, to, by);
    }

    public static List<int> Indices(long from, long to, long by, RenderContext context)
    {
        List<int> indices = [];
        // A step may be as large as a number gets, so it is held to what makes a difference.
        by = Math.Clamp(by, int.MinValue, int.MaxValue);
        for (long i = from; by > 0 ? i < to : i > to; i += by)
        {
            context.Charge(1);
            indices.Add((int)i);
        }

        return indices;
    }

    private static long? Bound(Value? value, RenderContext context)
    {
        if (value is null or NoneValue) return null;
        // Far beyond any length, and safe to add to.
        return Arithmetic.TryInteger(value, out long index)
            ? Math.Clamp(index, -(1L << 40), 1L << 40)
            : throw context.Error($"'[:]': got {Arithmetic.Describe(value)}; need a whole number or none.");
    }
}
