using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Heed.Kernels.Quantization;

/// <summary>
/// ggml's blocks of 32 values in 5 bits: the low four as in <see cref="FourBitBlocks"/>, the fifth of value j in bit j of a 32-bit word.
/// </summary>
internal static partial class FiveBitBlocks
{
    private const int Half = BlockSizes.Simple / 2;

    /// <summary>Q5_0: fp16 scale d; d·(q − 16).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q5_0(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q5_0);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Simple..])
        {
            float d = HalfPrecision.ToFloat(source);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(source[2..]);
            ReadOnlySpan<byte> quants = source.Slice(6, Half);
            Span<float> low = destination[..Half], high = destination.Slice(Half, Half);
            for (int j = 0; j < quants.Length; j++)
            {
                low[j] = d * (Low(quants[j], fifth, j) - 16);
                high[j] = d * (High(quants[j], fifth, j) - 16);
            }
        }
    }

    /// <summary>Q5_1: fp16 scale d and minimum m; d·q + m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q5_1(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q5_1);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Simple..])
        {
            float d = HalfPrecision.ToFloat(source);
            float m = HalfPrecision.ToFloat(source[2..]);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
            ReadOnlySpan<byte> quants = source.Slice(8, Half);
            Span<float> low = destination[..Half], high = destination.Slice(Half, Half);
            for (int j = 0; j < quants.Length; j++)
            {
                low[j] = d * Low(quants[j], fifth, j) + m;
                high[j] = d * High(quants[j], fifth, j) + m;
            }
        }
    }

    private static int Low(byte quants, uint fifth, int j) => (quants & 15) | (int)(((fifth >> j) & 1) << 4);

    private static int High(byte quants, uint fifth, int j) => (quants >> 4) | (int)(((fifth >> (j + Half)) & 1) << 4);
}
