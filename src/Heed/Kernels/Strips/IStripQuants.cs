namespace Heed.Kernels.Strips;

/// <summary>
/// How the numbers of a block lie: 16 rows of 32 weights, cut into eight groups of four columns. Byte 4·row + column of a line of
/// 64 bytes belongs to that row and column of a group.
/// </summary>
internal unsafe interface IStripQuants
{
    /// <summary>The bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>What is taken from every number, an even one.</summary>
    static abstract int Zero { get; }

    /// <summary>The greatest number.</summary>
    static abstract int Max { get; }

    /// <summary>The groups 2·<paramref name="pair"/> and 2·<paramref name="pair"/> + 1.</summary>
    static abstract void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>;

    /// <summary>One number.</summary>
    static abstract int Read(byte* block, int row, int column);

    /// <summary>Sets a block: eight lines, one for each group, of a word for each row, whose bytes are the numbers as the file has them.</summary>
    static abstract void Write(byte* block, uint* lines);
}
