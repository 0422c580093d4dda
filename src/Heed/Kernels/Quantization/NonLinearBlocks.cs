using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Heed.Kernels.Quantization;

/// <summary>ggml's 4-bit indices into a fixed table of 16 unevenly spaced values, packed as in <see cref="FourBitBlocks"/>.</summary>
internal static partial class NonLinearBlocks
{
    private const int Half = BlockSizes.Simple / 2;

    /// <summary>What each index stands for.</summary>
    public static ReadOnlySpan<sbyte> Table => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>IQ4_NL: fp16 scale d and 32 indices; d·table[q].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void IQ4_NL(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.IQ4_NL);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Simple..])
            Lookup(HalfPrecision.ToFloat(source), source.Slice(2, Half), destination);
    }

    /// <summary>IQ4_XS: fp16 d, a 16-bit word of upper and 4 bytes of lower scale bits, 8 blocks of 32 indices; d·(s − 32)·table[q].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void IQ4_XS(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.IQ4_XS);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Super..])
        {
            float d = HalfPrecision.ToFloat(source);
            int upper = BinaryPrimitives.ReadUInt16LittleEndian(source[2..]);
            ReadOnlySpan<byte> lower = source.Slice(4, 4);
            for (int sub = 0; sub < BlockSizes.Super / BlockSizes.Simple; sub++)
            {
                int s = ((lower[sub / 2] >> (sub % 2 * 4)) & 15) | (((upper >> (2 * sub)) & 3) << 4);
                Lookup(d * (s - 32), source.Slice(8 + sub * Half, Half), destination[(sub * BlockSizes.Simple)..]);
            }
        }
    }

    private static void Lookup(float scale, ReadOnlySpan<byte> indices, Span<float> destination)
    {
        Span<float> low = destination[..Half], high = destination.Slice(Half, Half);
        for (int j = 0; j < indices.Length; j++)
        {
            low[j] = scale * Table[indices[j] & 15];
            high[j] = scale * Table[indices[j] >> 4];
        }
    }
}
