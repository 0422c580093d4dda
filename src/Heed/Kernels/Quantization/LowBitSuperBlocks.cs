using System.Runtime.CompilerServices;

namespace Heed.Kernels.Quantization;

/// <summary>
/// ggml's super-blocks of 256 values in two or three bits, 16 sub-blocks of 16.
/// Each 128 values share 32 bytes: value 32·k + l of them has its low two bits in bits 2k, 2k + 1 of byte l.
/// </summary>
internal static partial class LowBitSuperBlocks
{
    private const int SubBlock = 16;

    /// <summary>Q2_K: 16 bytes of scales (low half) and minima (high half), 64 of values, fp16 d and dmin; d·s·q − dmin·m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q2_K(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q2_K);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Super..])
        {
            ReadOnlySpan<byte> scales = source[..16], quants = source.Slice(16, 64);
            float d = HalfPrecision.ToFloat(source[80..]);
            float dmin = HalfPrecision.ToFloat(source[82..]);
            for (int sub = 0; sub < scales.Length; sub++)
            {
                float scale = d * (scales[sub] & 15);
                float minimum = dmin * (scales[sub] >> 4);
                int shift = Shift(sub);
                ReadOnlySpan<byte> packed = quants.Slice(FirstByte(sub), SubBlock);
                Span<float> target = destination.Slice(sub * SubBlock, SubBlock);
                for (int l = 0; l < packed.Length; l++) target[l] = scale * ((packed[l] >> shift) & 3) - minimum;
            }
        }
    }

    /// <summary>
    /// Q3_K: 32 bytes of third bits, 64 of low bits, 12 of 6-bit scales, fp16 d; d·(s − 32)·(q − 4),
    /// the third bit of value v being bit v / 32 of byte v mod 32.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q3_K(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q3_K);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Super..])
        {
            ReadOnlySpan<byte> third = source[..32], quants = source.Slice(32, 64), scales = source.Slice(96, 12);
            float d = HalfPrecision.ToFloat(source[108..]);
            for (int sub = 0; sub < BlockSizes.Super / SubBlock; sub++)
            {
                float scale = d * (Q3Scale(scales, sub) - 32);
                int shift = Shift(sub);
                int bit = sub / 2;
                ReadOnlySpan<byte> packed = quants.Slice(FirstByte(sub), SubBlock);
                ReadOnlySpan<byte> top = third.Slice(sub % 2 * SubBlock, SubBlock);
                Span<float> target = destination.Slice(sub * SubBlock, SubBlock);
                for (int l = 0; l < packed.Length; l++)
                {
                    int q = ((packed[l] >> shift) & 3) | (((top[l] >> bit) & 1) << 2);
                    target[l] = scale * (q - 4);
                }
            }
        }
    }

    // Of scale s the low four bits are half of byte s mod 8, the high two a quarter of byte 8 + s mod 4.
    private static int Q3Scale(ReadOnlySpan<byte> scales, int s)
    {
        int low = s < 8 ? scales[s] & 15 : scales[s - 8] >> 4;
        int high = (scales[8 + s % 4] >> (2 * (s / 4))) & 3;
        return low | (high << 4);
    }

    private static int Shift(int sub) => sub % 8 / 2 * 2;

    private static int FirstByte(int sub) => sub / 8 * 32 + sub % 2 * SubBlock;
}
