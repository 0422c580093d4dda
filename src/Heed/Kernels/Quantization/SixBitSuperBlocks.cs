using System.Runtime.CompilerServices;

namespace Heed.Kernels.Quantization;

/// <summary>ggml's super-blocks of 256 values in six bits, 16 sub-blocks of 16 with signed 8-bit scales.</summary>
internal static partial class SixBitSuperBlocks
{
    private const int SubBlock = 16;

    /// <summary>
    /// Q6_K: 128 bytes of low halves, 64 of upper bit pairs, 16 scales s, fp16 d; d·s·(q − 32).
    /// Of each 128 values, value 32·k + l has its low half in byte 32·(k mod 2) + l (low half for k &lt; 2, else high)
    /// and its upper pair in bits 2k, 2k + 1 of byte l.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q6_K(ReadOnlySpan<byte> source, Span<float> destination)
    {
        int size = BlockSizes.BytesPerBlock(WeightType.Q6_K);
        for (; source.Length >= size; source = source[size..], destination = destination[BlockSizes.Super..])
        {
            ReadOnlySpan<byte> low = source[..128], upper = source.Slice(128, 64), scales = source.Slice(192, 16);
            float d = HalfPrecision.ToFloat(source[208..]);
            for (int sub = 0; sub < scales.Length; sub++)
            {
                float scale = d * (sbyte)scales[sub];
                int half = sub / 8, k = sub % 8 / 2, first = sub % 2 * SubBlock;
                ReadOnlySpan<byte> lowBits = low.Slice(half * 64 + k % 2 * 32 + first, SubBlock);
                ReadOnlySpan<byte> upperBits = upper.Slice(half * 32 + first, SubBlock);
                Span<float> target = destination.Slice(sub * SubBlock, SubBlock);
                for (int l = 0; l < lowBits.Length; l++)
                {
                    int q = ((lowBits[l] >> (k / 2 * 4)) & 15) | (((upperBits[l] >> (2 * k)) & 3) << 4);
                    target[l] = scale * (q - 32);
                }
            }
        }
    }
}
