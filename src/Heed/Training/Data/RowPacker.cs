using System.Numerics;

namespace Heed.Training.Data;

/// <summary>
/// Lays documents into rows: the longest first, each into the row that it fills best (best-fit decreasing). Rows of one packing
/// are nearly full, and since documents in a row do not see each other, it does not matter which ones meet.
/// </summary>
internal sealed class RowPacker
{
    private readonly int[] _items;
    private readonly int[] _rowStarts;

    private RowPacker(int[] items, int[] rowStarts) => (_items, _rowStarts) = (items, rowStarts);

    public int Rows => _rowStarts.Length - 1;

    /// <summary>Packs documents of these lengths, each from 1 to the rows' length.</summary>
    public static RowPacker Pack(ReadOnlySpan<int> lengths, int seqLen)
    {
        int[] byLength = LongestFirst(lengths, seqLen);
        int[] rowOf = new int[lengths.Length];
        List<int>[] open = new List<int>[seqLen + 1]; // rows by the room that is left in them
        ulong[] hasOpen = new ulong[(seqLen / 64) + 1];
        int rows = 0;
        foreach (int item in byLength)
        {
            int room = FirstFrom(hasOpen, lengths[item]);
            int row = room < 0 ? rows++ : TakeLast(open[room]);
            if (room < 0) room = seqLen;
            else if (open[room].Count == 0) hasOpen[room >> 6] &= ~(1UL << room);
            rowOf[item] = row;
            room -= lengths[item];
            if (room == 0) continue;
            (open[room] ??= []).Add(row);
            hasOpen[room >> 6] |= 1UL << room;
        }

        return Group(rowOf, rows);
    }

    /// <summary>The documents of a row, ascending.</summary>
    public ReadOnlySpan<int> this[long row] => _items.AsSpan(_rowStarts[row].._rowStarts[row + 1]);

    private static int[] LongestFirst(ReadOnlySpan<int> lengths, int seqLen)
    {
        int[] starts = new int[seqLen + 2];
        foreach (int length in lengths) starts[seqLen - length + 1]++;
        for (int i = 1; i < starts.Length; i++) starts[i] += starts[i - 1];
        int[] order = new int[lengths.Length];
        for (int i = 0; i < lengths.Length; i++) order[starts[seqLen - lengths[i]]++] = i;
        return order;
    }

    private static RowPacker Group(int[] rowOf, int rows)
    {
        int[] starts = new int[rows + 1];
        foreach (int row in rowOf) starts[row + 1]++;
        for (int row = 0; row < rows; row++) starts[row + 1] += starts[row];
        int[] items = new int[rowOf.Length];
        int[] next = starts[..rows];
        for (int item = 0; item < rowOf.Length; item++) items[next[rowOf[item]]++] = item;
        return new RowPacker(items, starts);
    }

    private static int TakeLast(List<int> rows)
    {
        int row = rows[^1];
        rows.RemoveAt(rows.Count - 1);
        return row;
    }

    // The least room of at least this much that some row has, or -1.
    private static int FirstFrom(ulong[] hasOpen, int room)
    {
        ulong bits = hasOpen[room >> 6] & (ulong.MaxValue << room);
        for (int word = room >> 6; ;)
        {
            if (bits != 0) return (word << 6) + BitOperations.TrailingZeroCount(bits);
            if (++word == hasOpen.Length) return -1;
            bits = hasOpen[word];
        }
    }
}
