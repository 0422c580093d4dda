namespace Heed.Tokenizers;

/// <summary>
/// The merges of a byte-pair encoding: for a pair of neighbouring symbols the rank of their merge (lower goes first)
/// and the symbol they become. An open-addressing table, because it is asked once or twice per byte of text.
/// </summary>
internal sealed class MergeTable
{
    private const ulong Empty = ulong.MaxValue;
    private Slot[] _slots;
    private int _shift;

    public MergeTable(int expected)
    {
        int bits = Math.Max(4, 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(expected, 1) * 8 / 5));
        _slots = NewSlots(bits);
        _shift = 64 - bits;
    }

    /// <summary>How many pairs there are.</summary>
    public int Count { get; private set; }

    /// <summary>Every merge, in no particular order.</summary>
    public IEnumerable<(int Left, int Right, int Rank, int Result)> All =>
        _slots.Where(slot => slot.Key != Empty).Select(slot => ((int)(slot.Key >> 32), (int)slot.Key, slot.Rank, slot.Result));

    /// <summary>Adds a merge; one for the same pair is replaced.</summary>
    public void Add(int left, int right, int rank, int result)
    {
        if ((Count + 1) * 8L > _slots.Length * 5L) Grow();
        Count += Insert(_slots, _shift, new Slot { Key = Key(left, right), Rank = rank, Result = result }) ? 1 : 0;
    }

    /// <summary>The rank of a pair's merge, or <see cref="int.MaxValue"/> where the two do not merge.</summary>
    public int Find(int left, int right, out int result)
    {
        result = -1;
        if ((left | right) < 0) return int.MaxValue;
        ulong key = Key(left, right);
        Slot[] slots = _slots;
        int mask = slots.Length - 1;
        for (int at = Home(key, _shift); ; at = (at + 1) & mask)
        {
            ref readonly Slot slot = ref slots[at];
            if (slot.Key == key)
            {
                result = slot.Result;
                return slot.Rank;
            }

            if (slot.Key == Empty) return int.MaxValue;
        }
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private static int Home(ulong key, int shift) => (int)((key * 0x9E3779B97F4A7C15UL) >> shift);

    private static bool Insert(Slot[] slots, int shift, Slot added)
    {
        int mask = slots.Length - 1;
        int at = Home(added.Key, shift);
        while (slots[at].Key != Empty && slots[at].Key != added.Key) at = (at + 1) & mask;
        bool isNew = slots[at].Key == Empty;
        slots[at] = added;
        return isNew;
    }

    private static Slot[] NewSlots(int bits)
    {
        Slot[] slots = new Slot[1 << bits];
        Array.Fill(slots, new Slot { Key = Empty });
        return slots;
    }

    private void Grow()
    {
        Slot[] grown = NewSlots(64 - _shift + 1);
        foreach (Slot slot in _slots)
            if (slot.Key != Empty) Insert(grown, _shift - 1, slot);
        (_slots, _shift) = (grown, _shift - 1);
    }

    private struct Slot
    {
        public ulong Key;
        public int Rank;
        public int Result;
    }
}
