namespace Heed.Kernels;

/// <summary>
/// Where one row's keys and values lie: by <see cref="KvSlots"/> in memory of its own, or in blocks of memory that rows share, position
/// p in place p mod <see cref="Block"/> of block number p / <see cref="Block"/> of the row's list.
/// </summary>
/// <param name="slots">The slots of a row that has its own memory.</param>
/// <param name="blocks">The row's blocks, or empty.</param>
internal readonly ref struct KvPlaces(KvSlots slots, ReadOnlySpan<int> blocks = default)
{
    /// <summary>Positions of a block: a key tile of <see cref="FlashAttention"/>, so that a tile's slots lie side by side.</summary>
    public const int Block = FlashAttention.TileKeys;

    private readonly ReadOnlySpan<int> _blocks = blocks;

    /// <summary>Memory of a row's own.</summary>
    public static implicit operator KvPlaces(KvSlots slots) => new(slots);

    /// <summary>The slots of the whole memory.</summary>
    public int Count => slots.Count;

    /// <summary>The slot of a position.</summary>
    public int Of(int position) => _blocks.IsEmpty ? slots.Of(position) : _blocks[position / Block] * Block + position % Block;

    /// <summary>Of so many positions from this one on, how many lie in slots side by side.</summary>
    public int Run(int position, int count) => _blocks.IsEmpty ? slots.Run(position, count) : Math.Min(count, Block - position % Block);
}
