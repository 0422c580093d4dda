using System.Runtime.CompilerServices;

namespace Heed.Kernels.Quantization;

/// <summary>
/// ggml's blocks of 32 values in 4 bits. Byte j holds value j in its low half and value j + 16 in its high half.
/// </summary>
internal static partial class FourBitBlocks
{
    private const int Half = BlockSizes.Simple / 2;

    /// <summary>Q4_0: fp16 scale d; d·(q − 8).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q4_0(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q4_0);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Simple..])
        {
            float d = HalfPrecision.ToFloat(source);
            ReadOnlySpan<byte> quants = source.Slice(2, Half);
            Span<float> low = destination[..Half], high = destination.Slice(Half, Half);
            for (int j = 0; j < quants.Length; j++)
            {
                low[j] = d * ((quants[j] & 15) - 8);
                high[j] = d * ((quants[j] >> 4) - 8);
            }
        }
    }

    /// <summary>Q4_1: fp16 scale d and minimum m; d·q + m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q4_1(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q4_1);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Simple..])
        {
            float d = HalfPrecision.ToFloat(source);
            float m = HalfPrecision.ToFloat(source[2..]);
            ReadOnlySpan<byte> quants = source.Slice(4, Half);
            Span<float> low = destination[..Half], high = destination.Slice(Half, Half);
            for (int j = 0; j < quants.Length; j++)
            {
                low[j] = d * (quants[j] & 15) + m;
                high[j] = d * (quants[j] >> 4) + m;
            }
        }
    }
}
