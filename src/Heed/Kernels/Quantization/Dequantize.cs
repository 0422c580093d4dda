namespace Heed.Kernels.Quantization;

/// <summary>
/// Stored weights of any type to float32, bit for bit as ggml's reference defines them (no fused multiply-add).
/// The kernels are compiled optimised at once: one pass over a model's weights is over before tiered compilation would notice.
/// </summary>
internal static class Dequantize
{
    /// <summary>
    /// Widens or dequantizes whole blocks.
    /// <paramref name="destination"/> holds a whole number of blocks and <paramref name="source"/> exactly their bytes, little-endian;
    /// the spans must not overlap.
    /// </summary>
    /// <exception cref="ArgumentException">The lengths do not fit each other.</exception>
    public static void ToFloat(WeightType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (!BlockSizes.TryByteLength(type, destination.Length, out long bytes) || bytes != source.Length)
            throw new ArgumentException(
                $"Dequantize: {destination.Length} elements of {type} do not take {source.Length} bytes; " +
                $"a block has {BlockSizes.ElementsPerBlock(type)} elements in {BlockSizes.BytesPerBlock(type)} bytes.", nameof(source));
        switch (type)
        {
            case WeightType.F16: HalfPrecision.F16(source, destination); break;
            case WeightType.BF16: HalfPrecision.BF16(source, destination); break;
            case WeightType.Q4_0: FourBitBlocks.Q4_0(source, destination); break;
            case WeightType.Q4_1: FourBitBlocks.Q4_1(source, destination); break;
            case WeightType.Q5_0: FiveBitBlocks.Q5_0(source, destination); break;
            case WeightType.Q5_1: FiveBitBlocks.Q5_1(source, destination); break;
            case WeightType.Q8_0: EightBitBlocks.Q8_0(source, destination); break;
            case WeightType.Q2_K: LowBitSuperBlocks.Q2_K(source, destination); break;
            case WeightType.Q3_K: LowBitSuperBlocks.Q3_K(source, destination); break;
            case WeightType.Q4_K: ScaledMinimumSuperBlocks.Q4_K(source, destination); break;
            case WeightType.Q5_K: ScaledMinimumSuperBlocks.Q5_K(source, destination); break;
            case WeightType.Q6_K: SixBitSuperBlocks.Q6_K(source, destination); break;
            case WeightType.IQ4_NL: NonLinearBlocks.IQ4_NL(source, destination); break;
            case WeightType.IQ4_XS: NonLinearBlocks.IQ4_XS(source, destination); break;
            default: PlainElements.ToFloat(type, source, destination); break;
        }
    }
}
