using System.Runtime.CompilerServices;

namespace Heed.Kernels.Quantization;

/// <summary>
/// ggml's super-blocks of 256 values in four or five bits: 8 sub-blocks of 32, each with a 6-bit scale s and minimum m; d·s·q − dmin·m.
/// Each 64 values share 32 bytes: the first 32 in the low halves, the next in the high halves.
/// </summary>
internal static partial class ScaledMinimumSuperBlocks
{
    private const int SubBlock = 32;

    /// <summary>Q4_K: fp16 d and dmin, 12 bytes of scales and minima, 128 of values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q4_K(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q4_K);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Super..])
        {
            float d = HalfPrecision.ToFloat(source);
            float dmin = HalfPrecision.ToFloat(source[2..]);
            for (int sub = 0; sub < BlockSizes.Super / SubBlock; sub++)
            {
                (int s, int m) = ScaleAndMinimum(source.Slice(4, 12), sub);
                float scale = d * s;
                float minimum = dmin * m;
                int shift = sub % 2 * 4;
                ReadOnlySpan<byte> packed = source.Slice(16 + sub / 2 * SubBlock, SubBlock);
                Span<float> target = destination.Slice(sub * SubBlock, SubBlock);
                for (int l = 0; l < packed.Length; l++) target[l] = scale * ((packed[l] >> shift) & 15) - minimum;
            }
        }
    }

    /// <summary>Q5_K: as Q4_K with 32 bytes before the values, whose byte l holds the fifth bit of value 32·k + l in bit k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q5_K(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q5_K);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Super..])
        {
            float d = HalfPrecision.ToFloat(source);
            float dmin = HalfPrecision.ToFloat(source[2..]);
            ReadOnlySpan<byte> fifth = source.Slice(16, SubBlock);
            for (int sub = 0; sub < BlockSizes.Super / SubBlock; sub++)
            {
                (int s, int m) = ScaleAndMinimum(source.Slice(4, 12), sub);
                float scale = d * s;
                float minimum = dmin * m;
                int shift = sub % 2 * 4;
                ReadOnlySpan<byte> packed = source.Slice(48 + sub / 2 * SubBlock, SubBlock);
                Span<float> target = destination.Slice(sub * SubBlock, SubBlock);
                for (int l = 0; l < packed.Length; l++)
                {
                    int q = ((packed[l] >> shift) & 15) | (((fifth[l] >> sub) & 1) << 4);
                    target[l] = scale * q - minimum;
                }
            }
        }
    }

    // The first four pairs stand in the low six bits of bytes 0-3 and 4-7;
    // the others have four bits in a half of bytes 8-11 and two in the top of the first eight.
    internal static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> packed, int sub) => sub < 4
        ? (packed[sub] & 63, packed[sub + 4] & 63)
        : ((packed[sub + 4] & 15) | (packed[sub - 4] >> 6 << 4), (packed[sub + 4] >> 4) | (packed[sub] >> 6 << 4));
}
