namespace Heed.Kernels.Quantization;

/// <content>Rounding to these blocks.</content>
internal static partial class FourBitBlocks
{
    /// <summary>One block of Q4_0 of 32 numbers: ggml's rule, or the scale that errs least where there is an importance.</summary>
    public static void EncodeQ4_0(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        Span<byte> quants = stackalloc byte[BlockSizes.Simple];
        HalfScale.Write(block, SimpleRounding.Signed(x, importance, half: 8, quants));
        Pack(quants, block[2..]);
    }

    /// <summary>One block of Q4_1.</summary>
    public static void EncodeQ4_1(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        Span<byte> quants = stackalloc byte[BlockSizes.Simple];
        (float d, float m) = SimpleRounding.Affine(x, importance, levels: 15, quants);
        HalfScale.Write(block, d);
        HalfScale.Write(block[2..], m);
        Pack(quants, block[4..]);
    }

    /// <summary>The low four bits of value j and of value j + 16 in byte j.</summary>
    public static void Pack(ReadOnlySpan<byte> quants, Span<byte> packed)
    {
        for (int j = 0; j < Half; j++) packed[j] = (byte)((quants[j] & 15) | (quants[j + Half] << 4));
    }
}
