namespace Heed.Kernels.Strips;

/// <summary>How the scales, and minima, of a strip's blocks lie: sixteen of each, one for each row.</summary>
internal unsafe interface IStripScales
{
    /// <summary>Into how many parts with a scale each the 32 columns of a block fall: 1 or 2.</summary>
    static abstract int Parts { get; }

    /// <summary>Whether numbers are scale·q + minimum, not scale·(q - zero).</summary>
    static abstract bool HasMinimum { get; }

    /// <summary>The bytes of a strip's scales.</summary>
    static abstract long Bytes(int blocks);

    /// <summary>The scales of a part.</summary>
    static abstract V Scale<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged;

    /// <summary>What is added to every number of a part.</summary>
    static abstract V Minimum<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged;

    /// <summary>Sets those of one row in one block, or in the eight blocks from <paramref name="block"/> on where they share a scale.</summary>
    static abstract void Write(byte* scales, nint block, int row, in FileScales file);
}
