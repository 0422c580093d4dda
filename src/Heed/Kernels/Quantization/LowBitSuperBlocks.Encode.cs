namespace Heed.Kernels.Quantization;

/// <content>Rounding to these blocks.</content>
internal static partial class LowBitSuperBlocks
{
    /// <summary>One super-block of Q2_K of 256 numbers; see <see cref="AffineSuperBlock"/>.</summary>
    public static void EncodeQ2_K(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        AffineSuperBlock chosen = new(SubBlock, levels: 3, scaleLevels: 15, stackalloc byte[16], stackalloc byte[16], stackalloc byte[BlockSizes.Super]);
        chosen.Encode(x, importance);
        block.Clear();
        for (int sub = 0; sub < 16; sub++) block[sub] = (byte)(chosen.Scales[sub] | (chosen.Minima[sub] << 4));
        PackPairs(chosen.Quants, block.Slice(16, 64));
        HalfScale.Write(block[80..], chosen.D);
        HalfScale.Write(block[82..], chosen.DMin);
    }

    /// <summary>One super-block of Q3_K of 256 numbers; see <see cref="SignedSuperBlock{TGrid}"/>.</summary>
    public static void EncodeQ3_K(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        SignedSuperBlock<UniformGrid> chosen = new(new UniformGrid(4), SubBlock, half: 32, stackalloc sbyte[16], stackalloc float[BlockSizes.Super]);
        chosen.Encode(x, importance);
        block.Clear();
        Span<byte> quants = stackalloc byte[BlockSizes.Super];
        for (int v = 0; v < quants.Length; v++) quants[v] = (byte)(chosen.Quants[v] + 4);
        for (int v = 0; v < quants.Length; v++) block[v % 32] |= (byte)((quants[v] >> 2) << (v / 32));
        PackPairs(quants, block.Slice(32, 64));
        for (int s = 0; s < 16; s++)
        {
            int stored = chosen.Scales[s] + 32;
            block[96 + s % 8] |= (byte)((stored & 15) << (s / 8 * 4));
            block[104 + s % 4] |= (byte)((stored >> 4) << (s / 4 * 2));
        }
        HalfScale.Write(block[108..], chosen.D);
    }

    // The low two bits of each value, where decoding finds them.
    private static void PackPairs(ReadOnlySpan<byte> quants, Span<byte> packed)
    {
        for (int v = 0; v < quants.Length; v++) packed[v / 128 * 32 + v % 32] |= (byte)((quants[v] & 3) << (v % 128 / 32 * 2));
    }
}
