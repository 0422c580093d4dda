using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>Signed 8-bit values times a scale: ggml's Q8_0, and llama2.c's groups, whose scales stand apart.</summary>
internal static partial class EightBitBlocks
{
    private const int BlockBytes = 2 + BlockSizes.Simple;

    /// <summary>Q8_0: fp16 scale d, then 32 values; d·q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q8_0(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (; source.Length >= BlockBytes; source = source[BlockBytes..], destination = destination[BlockSizes.Simple..])
        {
            Vector256<float> d = Vector256.Create(HalfPrecision.ToFloat(source));
            Vector256<sbyte> quants = Vector256.Create(MemoryMarshal.Cast<byte, sbyte>(source.Slice(2, BlockSizes.Simple)));
            (Vector256<short> low, Vector256<short> high) = Vector256.Widen(quants);
            (Vector256<int> q0, Vector256<int> q1) = Vector256.Widen(low);
            (Vector256<int> q2, Vector256<int> q3) = Vector256.Widen(high);
            (d * Vector256.ConvertToSingle(q0)).CopyTo(destination);
            (d * Vector256.ConvertToSingle(q1)).CopyTo(destination[8..]);
            (d * Vector256.ConvertToSingle(q2)).CopyTo(destination[16..]);
            (d * Vector256.ConvertToSingle(q3)).CopyTo(destination[24..]);
        }
    }

    /// <summary>The scalar twin of <see cref="Q8_0"/>.</summary>
    public static void Q8_0Scalar(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block * BlockBytes < source.Length; block++)
        {
            float d = HalfPrecision.ToFloat(source[(block * BlockBytes)..]);
            ReadOnlySpan<byte> quants = source.Slice(block * BlockBytes + 2, BlockSizes.Simple);
            for (int j = 0; j < quants.Length; j++) destination[block * BlockSizes.Simple + j] = d * (sbyte)quants[j];
        }
    }

    /// <summary>
    /// llama2.c's Q8_0: value i times the float32 scale of its group, (<paramref name="phase"/> + i) / <paramref name="groupSize"/>
    /// counted from the first of <paramref name="scales"/> (little-endian bytes). Groups run on across a matrix's rows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Grouped(ReadOnlySpan<byte> values, ReadOnlySpan<byte> scales, int groupSize, int phase, Span<float> destination)
    {
        ReadOnlySpan<float> scale = MemoryMarshal.Cast<byte, float>(scales);
        int group = 0;
        for (int i = 0, left = groupSize - phase; i < values.Length; i++, left--)
        {
            if (left == 0)
            {
                group++;
                left = groupSize;
            }
            destination[i] = (sbyte)values[i] * scale[group];
        }
    }
}
