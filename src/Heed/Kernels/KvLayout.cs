namespace Heed.Kernels;

/// <summary>
/// How stored keys and values of one kv head of one batch row lie in memory, counted in words of 32 bits. Keys: panels of sixteen
/// slots, [headDim, 16] numbers, so that one component of sixteen neighbouring keys fills a vector; in Q8_0 the panel's scales
/// [blocks, 16] come before them. Values: a row for each slot, in Q8_0 its scales first, filled up to a whole word.
/// </summary>
/// <param name="Type">The type of the numbers.</param>
/// <param name="HeadDim">The size of a key.</param>
/// <param name="ValueDim">The size of a value.</param>
internal readonly record struct KvLayout(KvCacheType Type, int HeadDim, int ValueDim)
{
    /// <summary>Numbers that share a scale.</summary>
    public const int Block = 32;

    /// <summary>Words of sixteen keys.</summary>
    public int PanelWords => Type switch
    {
        KvCacheType.F16 => KvPanels.Width / 2 * HeadDim,
        KvCacheType.Q8_0 => KvPanels.Width / 4 * (HeadDim + 2 * Blocks(HeadDim)),
        _ => KvPanels.Width * HeadDim,
    };

    /// <summary>Words of a value.</summary>
    public int RowWords => Type switch
    {
        KvCacheType.F16 => (ValueDim + 1) / 2,
        KvCacheType.Q8_0 => (ValueDim + 2 * Blocks(ValueDim) + 3) / 4,
        _ => ValueDim,
    };

    /// <summary>The scales of a key or value of so many numbers.</summary>
    public static int Blocks(int dim) => (dim + Block - 1) / Block;

    /// <summary>The panels of so many slots.</summary>
    public static int Panels(int slots) => (int)(((long)slots + KvPanels.Width - 1) / KvPanels.Width);

    /// <summary>Words of the keys of so many slots.</summary>
    public long KeyWords(long slots) => (slots + KvPanels.Width - 1) / KvPanels.Width * PanelWords;

    /// <summary>Words of the values of so many slots.</summary>
    public long ValueWords(long slots) => slots * RowWords;
}
