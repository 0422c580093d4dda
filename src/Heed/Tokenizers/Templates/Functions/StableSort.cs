using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Python's sorted(): what is equal stays in order. By hand, because .NET's sorts wrap an exception of the comparison.</summary>
internal static class StableSort
{
    /// <summary>Sorts entries by their keys.</summary>
    public static List<T> Sort<T>(IReadOnlyList<T> entries, Func<T, Value> key, bool isReversed, RenderContext context)
    {
        (T Entry, Value Key)[] items = [.. entries.Select(entry => (entry, key(entry)))], spare = new (T, Value)[items.Length];
        context.Charge(items.Length);
        for (int width = 1; width < items.Length; width *= 2)
        {
            for (int from = 0; from < items.Length; from += 2 * width)
                Merge(items, spare, from, Math.Min(from + width, items.Length), Math.Min(from + (2 * width), items.Length), isReversed, context);
            (items, spare) = (spare, items);
        }

        return [.. items.Select(item => item.Entry)];
    }

    private static void Merge<T>((T Entry, Value Key)[] items, (T Entry, Value Key)[] merged, int from, int middle, int end, bool isReversed, RenderContext context)
    {
        for (int i = from, left = from, right = middle; i < end; i++)
        {
            bool takesLeft = right == end;
            if (!takesLeft && left < middle)
            {
                int order = Comparison.Order(items[left].Key, items[right].Key, context) ?? 0;
                takesLeft = isReversed ? order >= 0 : order <= 0;
            }

            merged[i] = takesLeft ? items[left++] : items[right++];
        }
    }
}
