using System.Buffers;

namespace Heed.Tokenizers;

/// <summary>
/// Byte-pair encoding's merge loop (Sennrich et al. 2016, arXiv 1508.07909): merges the neighbouring pair of lowest rank,
/// the leftmost among equals, until none is left. Symbols are ids; a negative one never merges.
/// </summary>
internal static class BpeMerger
{
    // Below this length scanning for the minimum beats a heap; above it the heap keeps the time near-linear.
    private const int ScanLimit = 40;

    /// <summary>Merges in place and returns how many symbols are left at the front of <paramref name="symbols"/>.</summary>
    /// <param name="table">The merges.</param>
    /// <param name="symbols">The symbols of one word.</param>
    /// <param name="seen">Gets, for each result that came into view, the pair that would make it (the last one stays); or null.</param>
    public static int Merge(MergeTable table, Span<int> symbols, Dictionary<int, (int Left, int Right)>? seen = null)
    {
        if (symbols.Length < 2) return symbols.Length;
        return symbols.Length <= ScanLimit ? MergeByScan(table, symbols, seen) : MergeByHeap(table, symbols, seen, out _);
    }

    private static int MergeByScan(MergeTable table, Span<int> symbols, Dictionary<int, (int Left, int Right)>? seen)
    {
        Span<int> ranks = stackalloc int[ScanLimit];
        Span<int> results = stackalloc int[ScanLimit];
        int count = symbols.Length;
        for (int i = 0; i + 1 < count; i++) ranks[i] = Find(table, symbols[i], symbols[i + 1], out results[i], seen);
        while (true)
        {
            int best = int.MaxValue, at = -1;
            for (int i = 0; i + 1 < count; i++)
            {
                if (ranks[i] >= best) continue;
                best = ranks[i];
                at = i;
            }

            if (at < 0) return count;
            symbols[at] = results[at];
            count--;
            symbols[(at + 2)..(count + 1)].CopyTo(symbols[(at + 1)..]);
            ranks[(at + 1)..count].CopyTo(ranks[at..]);
            results[(at + 1)..count].CopyTo(results[at..]);
            if (at > 0) ranks[at - 1] = Find(table, symbols[at - 1], symbols[at], out results[at - 1], seen);
            if (at + 1 < count) ranks[at] = Find(table, symbols[at], symbols[at + 1], out results[at], seen);
        }
    }

    /// <summary>The merge loop for long words; <paramref name="steps"/> counts the pairs that were put on the heap.</summary>
    internal static int MergeByHeap(MergeTable table, Span<int> symbols, Dictionary<int, (int Left, int Right)>? seen, out int steps)
    {
        int count = symbols.Length;
        int[] rented = ArrayPool<int>.Shared.Rent(4 * count);
        MergeHeap heap = new(count);
        try
        {
            Span<int> next = rented.AsSpan(0, count), previous = rented.AsSpan(count, count);
            Span<int> ranks = rented.AsSpan(2 * count, count), results = rented.AsSpan(3 * count, count);
            for (int i = 0; i < count; i++)
            {
                (next[i], previous[i], ranks[i]) = (i + 1, i - 1, int.MaxValue);
                if (i + 1 < count) ranks[i] = Find(table, symbols[i], symbols[i + 1], out results[i], seen);
                if (ranks[i] != int.MaxValue) heap.Push(ranks[i], i);
            }

            while (heap.TryPop(out int rank, out int at))
            {
                if (ranks[at] != rank) continue; // the pair has changed since it was pushed
                int gone = next[at];
                symbols[at] = results[at];
                next[at] = next[gone];
                ranks[gone] = ranks[at] = int.MaxValue;
                int before = previous[at];
                if (before >= 0)
                {
                    ranks[before] = Find(table, symbols[before], symbols[at], out results[before], seen);
                    if (ranks[before] != int.MaxValue) heap.Push(ranks[before], before);
                }

                if (next[at] >= count) continue;
                previous[next[at]] = at;
                ranks[at] = Find(table, symbols[at], symbols[next[at]], out results[at], seen);
                if (ranks[at] != int.MaxValue) heap.Push(ranks[at], at);
            }

            steps = heap.Pushes;
            int left = 0;
            for (int i = 0; i < count; i = next[i]) symbols[left++] = symbols[i];
            return left;
        }
        finally
        {
            heap.Return();
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private static int Find(MergeTable table, int left, int right, out int result, Dictionary<int, (int Left, int Right)>? seen)
    {
        int rank = table.Find(left, right, out result);
        if (seen is not null && rank != int.MaxValue) seen[result] = (left, right);
        return rank;
    }
}
