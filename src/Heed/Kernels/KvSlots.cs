namespace Heed.Kernels;

/// <summary>
/// Where the keys and values of a row's positions lie: position p in slot p mod <paramref name="Count"/>. Where all positions
/// are below the count that is the position itself; else the latest ones take the slots of those that no window reaches any more.
/// </summary>
/// <param name="Count">Slots per row and head. Where they roll, whole key tiles of <see cref="FlashAttention"/>, so that a tile's slots lie side by side.</param>
/// <param name="Window">0 where every position has a slot of its own; else slots roll, and no query sees more keys than this.</param>
internal readonly record struct KvSlots(int Count, int Window = 0)
{
    /// <summary>
    /// Slots for so many positions; where that is less, only those of a window (0 for none) and of as many tokens as may be stored
    /// before the first of them attends.
    /// </summary>
    public static KvSlots For(int positions, int window, int tokens)
    {
        long tiles = ((long)window - 1 + tokens + FlashAttention.TileKeys - 1) / FlashAttention.TileKeys;
        return window > 0 && tiles * FlashAttention.TileKeys < positions ? new((int)tiles * FlashAttention.TileKeys, window) : new(positions);
    }

    /// <summary>Whether slots are used again.</summary>
    public bool Rolls => Window > 0;

    /// <summary>How many tokens of a row can be stored at once so that the first of them still finds its window.</summary>
    public int Room => Rolls ? Count - Window + 1 : int.MaxValue;

    /// <summary>The slot of a position.</summary>
    public int Of(int position) => (int)((uint)position % (uint)Count);

    /// <summary>Of so many positions from this one on, how many lie in slots side by side.</summary>
    public int Run(int position, int count) => Math.Min(count, Count - Of(position));

    /// <summary>Whether the window of a query at <paramref name="position"/> is all there after positions up to <paramref name="end"/> have been stored.</summary>
    public bool Holds(int position, int end) => !Rolls || end <= Count || (long)position + Room >= end;
}
