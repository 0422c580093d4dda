using System.Buffers.Binary;

namespace Heed.Kernels.Quantization;

/// <content>Rounding to these blocks.</content>
internal static partial class FiveBitBlocks
{
    /// <summary>One block of Q5_0 of 32 numbers: ggml's rule, or the scale that errs least where there is an importance.</summary>
    public static void EncodeQ5_0(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        Span<byte> quants = stackalloc byte[BlockSizes.Simple];
        HalfScale.Write(block, SimpleRounding.Signed(x, importance, half: 16, quants));
        Pack(quants, block[2..]);
    }

    /// <summary>One block of Q5_1.</summary>
    public static void EncodeQ5_1(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        Span<byte> quants = stackalloc byte[BlockSizes.Simple];
        (float d, float m) = SimpleRounding.Affine(x, importance, levels: 31, quants);
        HalfScale.Write(block, d);
        HalfScale.Write(block[2..], m);
        Pack(quants, block[4..]);
    }

    private static void Pack(ReadOnlySpan<byte> quants, Span<byte> packed)
    {
        uint fifth = 0;
        for (int j = 0; j < quants.Length; j++) fifth |= (uint)(quants[j] >> 4) << j;
        BinaryPrimitives.WriteUInt32LittleEndian(packed, fifth);
        FourBitBlocks.Pack(quants, packed[4..]);
    }
}
