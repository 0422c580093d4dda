namespace Heed.Kernels.Strips;

/// <summary>
/// How the scales, and minima, of a chunk of a strip lie: of up to eight blocks, sixteen of each, one for each row. Blocks are counted
/// within their chunk.
/// </summary>
internal unsafe interface IStripScales
{
    /// <summary>Into how many parts with a scale each the 32 columns of a block fall: 1 or 2.</summary>
    static abstract int Parts { get; }

    /// <summary>Whether numbers are scale·q + minimum, not scale·(q - zero).</summary>
    static abstract bool HasMinimum { get; }

    /// <summary>Whether scales have more than the 22 bits with which a product by <see cref="SumBias"/> is exact.</summary>
    static abstract bool IsWide { get; }

    /// <summary>The bytes for a chunk of so many blocks.</summary>
    static abstract int Bytes(int blocks);

    /// <summary>What the scales of all blocks of a chunk share, if anything.</summary>
    static abstract V Common<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged;

    /// <summary>What the minima of all blocks of a chunk share, if anything.</summary>
    static abstract V CommonMinimum<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged;

    /// <summary>The scales of a part.</summary>
    static abstract V Scale<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged;

    /// <summary>What is added to every number of a part.</summary>
    static abstract V Minimum<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged;

    /// <summary>Sets those of one row in one block, or in all eight where they share a scale.</summary>
    static abstract void Write(byte* scales, nint block, int row, in FileScales file);
}
