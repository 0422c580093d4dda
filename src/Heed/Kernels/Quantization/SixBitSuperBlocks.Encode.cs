using System.Runtime.InteropServices;

namespace Heed.Kernels.Quantization;

/// <content>Rounding to these blocks.</content>
internal static partial class SixBitSuperBlocks
{
    /// <summary>One super-block of Q6_K of 256 numbers; see <see cref="SignedSuperBlock{TGrid}"/>.</summary>
    public static void EncodeQ6_K(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        SignedSuperBlock<UniformGrid> chosen = new(new UniformGrid(32), SubBlock, half: 128, stackalloc sbyte[16], stackalloc float[BlockSizes.Super]);
        chosen.Encode(x, importance);
        block.Clear();
        for (int v = 0; v < BlockSizes.Super; v++)
        {
            int q = (int)chosen.Quants[v] + 32, half = v / 128, k = v % 128 / 32, l = v % 32;
            block[half * 64 + k % 2 * 32 + l] |= (byte)((q & 15) << (k / 2 * 4));
            block[128 + half * 32 + l] |= (byte)((q >> 4) << (2 * k));
        }
        chosen.Scales.CopyTo(MemoryMarshal.Cast<byte, sbyte>(block.Slice(192, 16)));
        HalfScale.Write(block[208..], chosen.D);
    }
}
