using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <content>Rounding to these blocks.</content>
internal static partial class EightBitBlocks
{
    /// <summary>One block of Q8_0 of 32 numbers: the largest becomes ±127.</summary>
    public static void EncodeQ8_0(ReadOnlySpan<float> x, Span<byte> block)
    {
        (float low, float high) = FitSums.Range(x);
        float d = Math.Max(-low, high) / 127;
        float inverse = d >= SimpleRounding.Smallest ? 1 / d : 0;
        HalfScale.Write(block, d);
        Span<float> rounded = stackalloc float[BlockSizes.Simple];
        Vector256<float> times = Vector256.Create(inverse), two = Vector256.Create(2f);
        for (int j = 0; j < x.Length; j += FitSums.Lanes)
        {
            // Halves go away from zero.
            Vector256<float> value = FitSums.Load(x, j) * times, magnitude = Vector256.Abs(value), floor = Vector256.Floor(magnitude);
            Vector256.CopySign(floor + Vector256.Floor(two * (magnitude - floor)), value).CopyTo(rounded[j..]);
        }
        for (int j = 0; j < rounded.Length; j++) block[2 + j] = (byte)(sbyte)rounded[j];
    }
}
