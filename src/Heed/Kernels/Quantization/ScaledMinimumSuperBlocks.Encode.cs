namespace Heed.Kernels.Quantization;

/// <content>Rounding to these blocks.</content>
internal static partial class ScaledMinimumSuperBlocks
{
    private const int SubBlocks = BlockSizes.Super / SubBlock;

    /// <summary>One super-block of Q4_K of 256 numbers; see <see cref="AffineSuperBlock"/>.</summary>
    public static void EncodeQ4_K(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        AffineSuperBlock chosen = new(SubBlock, levels: 15, scaleLevels: 63, stackalloc byte[SubBlocks], stackalloc byte[SubBlocks], stackalloc byte[BlockSizes.Super]);
        chosen.Encode(x, importance);
        Pack(chosen, block, block[16..]);
    }

    /// <summary>One super-block of Q5_K of 256 numbers.</summary>
    public static void EncodeQ5_K(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        AffineSuperBlock chosen = new(SubBlock, levels: 31, scaleLevels: 63, stackalloc byte[SubBlocks], stackalloc byte[SubBlocks], stackalloc byte[BlockSizes.Super]);
        chosen.Encode(x, importance);
        Pack(chosen, block, block[48..]);
        Span<byte> fifth = block.Slice(16, SubBlock);
        fifth.Clear();
        for (int v = 0; v < chosen.Quants.Length; v++) fifth[v % SubBlock] |= (byte)((chosen.Quants[v] >> 4) << (v / SubBlock));
    }

    private static void Pack(in AffineSuperBlock chosen, Span<byte> block, Span<byte> values)
    {
        HalfScale.Write(block, chosen.D);
        HalfScale.Write(block[2..], chosen.DMin);
        PackScales(chosen.Scales, chosen.Minima, block.Slice(4, 12));
        for (int v = 0; v < chosen.Quants.Length; v += 2 * SubBlock)
            for (int l = 0; l < SubBlock; l++) values[v / 2 + l] = (byte)((chosen.Quants[v + l] & 15) | (chosen.Quants[v + SubBlock + l] << 4));
    }

    private static void PackScales(ReadOnlySpan<byte> scales, ReadOnlySpan<byte> minima, Span<byte> packed)
    {
        for (int sub = 0; sub < 4; sub++)
        {
            packed[sub] = (byte)(scales[sub] | (scales[sub + 4] >> 4 << 6));
            packed[sub + 4] = (byte)(minima[sub] | (minima[sub + 4] >> 4 << 6));
            packed[sub + 8] = (byte)((scales[sub + 4] & 15) | (minima[sub + 4] << 4));
        }
    }
}
