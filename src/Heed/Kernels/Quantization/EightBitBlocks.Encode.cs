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
        for (int j = 0; j < x.Length; j++) block[2 + j] = (byte)(sbyte)MathF.Round(x[j] * inverse, MidpointRounding.AwayFromZero);
    }
}
