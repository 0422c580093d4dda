namespace Heed.Tokenizers;

/// <summary>
/// Remembers the ids of short words. A fixed number of slots, each holding one immutable entry that is replaced as a whole,
/// makes it bounded and safe for several threads without a lock.
/// </summary>
internal sealed class WordCache
{
    private const int SlotBits = 15;
    private const int MaxLength = 48;
    private readonly Entry?[] _slots = new Entry?[1 << SlotBits];

    public bool TryGet(ReadOnlySpan<char> word, out ReadOnlySpan<int> ids)
    {
        ids = default;
        if (word.Length > MaxLength) return false;
        Entry? entry = Volatile.Read(ref _slots[Slot(word)]);
        if (entry is null || !word.SequenceEqual(entry.Word)) return false;
        ids = entry.Ids;
        return true;
    }

    public void Add(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length <= MaxLength) Volatile.Write(ref _slots[Slot(word)], new Entry(word.ToString(), ids.ToArray()));
    }

    private static int Slot(ReadOnlySpan<char> word) => (int)((uint)string.GetHashCode(word, StringComparison.Ordinal) >> (32 - SlotBits));

    private sealed record Entry(string Word, int[] Ids);
}
