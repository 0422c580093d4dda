using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Kernels.Quantization;

/// <summary>Float32 to stored weights of a type: the inverse of <see cref="Dequantize"/> as far as there is one. The same bytes on every machine.</summary>
internal static class Quantize
{
    /// <summary>The largest magnitude that blocks take: their scales are binary16 numbers.</summary>
    public const float MaxMagnitude = 65504;

    /// <summary>The types that can be written.</summary>
    public static bool Writes(WeightType type) => type is WeightType.F32 or WeightType.F16 or WeightType.BF16 || BlockSizes.ElementsPerBlock(type) > 1;

    /// <summary>Rounds whole blocks.</summary>
    /// <param name="type">A type that <see cref="Writes"/>.</param>
    /// <param name="source">The numbers; for block types a whole number of blocks.</param>
    /// <param name="importance">How much each number's square error counts, 0 or more, as long as <paramref name="source"/>; or empty.</param>
    /// <param name="destination">Exactly the bytes that they take.</param>
    /// <exception cref="ArgumentException">The lengths do not fit each other, or the type cannot be written.</exception>
    /// <exception cref="ArithmeticException">A number is NaN, infinite or too large for the type; plain F32 and BF16 take them all.</exception>
    [SkipLocalsInit]
    public static void FromFloat(WeightType type, ReadOnlySpan<float> source, ReadOnlySpan<float> importance, Span<byte> destination)
    {
        if (!Writes(type)) throw new ArgumentException($"Quantize: {type} is not written; expected F32, F16, BF16 or quantized blocks.", nameof(type));
        if (!BlockSizes.TryByteLength(type, source.Length, out long bytes) || bytes != destination.Length || (!importance.IsEmpty && importance.Length != source.Length))
            throw new ArgumentException($"Quantize: {source.Length} numbers with {importance.Length} importances do not make {destination.Length} bytes of {type}; " +
                $"a block has {BlockSizes.ElementsPerBlock(type)} elements in {BlockSizes.BytesPerBlock(type)} bytes.", nameof(destination));
        switch (type)
        {
            case WeightType.F32: MemoryMarshal.AsBytes(source).CopyTo(destination); break;
            case WeightType.BF16: HalfRounding.BF16(source, destination); break;
            case WeightType.F16:
                CheckHalf(source);
                HalfRounding.F16(source, destination);
                break;
            default:
                CheckBlocks(type, source);
                Blocks(type, source, importance, destination);
                break;
        }
    }

    private static void Blocks(WeightType type, ReadOnlySpan<float> source, ReadOnlySpan<float> importance, Span<byte> destination)
    {
        int elements = BlockSizes.ElementsPerBlock(type), size = BlockSizes.BytesPerBlock(type);
        for (int at = 0; at < source.Length; at += elements, destination = destination[size..])
        {
            ReadOnlySpan<float> x = source.Slice(at, elements), weights = importance.IsEmpty ? [] : importance.Slice(at, elements);
            Span<byte> block = destination[..size];
            switch (type)
            {
                case WeightType.Q4_0: FourBitBlocks.EncodeQ4_0(x, weights, block); break;
                case WeightType.Q4_1: FourBitBlocks.EncodeQ4_1(x, weights, block); break;
                case WeightType.Q5_0: FiveBitBlocks.EncodeQ5_0(x, weights, block); break;
                case WeightType.Q5_1: FiveBitBlocks.EncodeQ5_1(x, weights, block); break;
                case WeightType.Q8_0: EightBitBlocks.EncodeQ8_0(x, block); break;
                case WeightType.Q2_K: LowBitSuperBlocks.EncodeQ2_K(x, weights, block); break;
                case WeightType.Q3_K: LowBitSuperBlocks.EncodeQ3_K(x, weights, block); break;
                case WeightType.Q4_K: ScaledMinimumSuperBlocks.EncodeQ4_K(x, weights, block); break;
                case WeightType.Q5_K: ScaledMinimumSuperBlocks.EncodeQ5_K(x, weights, block); break;
                case WeightType.Q6_K: SixBitSuperBlocks.EncodeQ6_K(x, weights, block); break;
                case WeightType.IQ4_NL: NonLinearBlocks.EncodeIQ4_NL(x, weights, block); break;
                default: NonLinearBlocks.EncodeIQ4_XS(x, weights, block); break;
            }
        }
    }

    private static void CheckHalf(ReadOnlySpan<float> source)
    {
        foreach (float value in source)
            if (float.IsFinite(value) && Half.IsInfinity((Half)value))
                throw new ArithmeticException($"Quantize: the number {value:R} is beyond F16's range; expected at most {Half.MaxValue}. Write BF16 or F32.");
    }

    private static void CheckBlocks(WeightType type, ReadOnlySpan<float> source)
    {
        foreach (float value in source)
            // False for NaN too.
            if (!(MathF.Abs(value) <= MaxMagnitude))
                throw new ArithmeticException($"Quantize: a number is {value:R}; {type} takes finite numbers up to {MaxMagnitude}.");
    }
}
