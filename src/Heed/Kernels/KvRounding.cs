using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Rounds keys and values to the types of <see cref="KvCacheType"/>.</summary>
internal static class KvRounding
{
    private const int Infinity = 0x7F800000, LargestHalf = 0x477FE000, SmallestNormalHalf = 0x38800000;
    private const int Rebias = (127 - 15) << 23;
    private const ushort NaNHalf = 0x7E00;

    // The greatest number below a half: x plus it, cut off, is x rounded with halves away from zero.
    private const float BelowHalf = 0.49999997f;

    /// <summary>binary16, to the nearest, ties to even; what is finite stays finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Halves(ReadOnlySpan<float> x, Span<ushort> destination)
    {
        int i = 0;
        for (; i <= x.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
            Vector.Narrow(Half(new Vector<float>(x[i..])), Half(new Vector<float>(x[(i + Vector<float>.Count)..]))).CopyTo(destination[i..]);
        HalvesScalar(x[i..], destination[i..]);
    }

    /// <summary>The scalar twin of <see cref="Halves"/>.</summary>
    public static void HalvesScalar(ReadOnlySpan<float> x, Span<ushort> destination)
    {
        float limit = (float)System.Half.MaxValue;
        for (int i = 0; i < x.Length; i++)
        {
            destination[i] = float.IsNaN(x[i])
                ? (ushort)(NaNHalf | ((BitConverter.SingleToUInt32Bits(x[i]) >> 16) & 0x8000))
                : BitConverter.HalfToUInt16Bits((Half)(float.IsFinite(x[i]) ? Math.Clamp(x[i], -limit, limit) : x[i]));
        }
    }

    /// <summary>Up to 32 numbers as whole ones from −127 to 127 times a scale; NaN is the scale where one of them is not finite.</summary>
    /// <returns>The scale, in binary16. Numbers are rounded by it, and not by what it was before it was rounded itself.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ushort Block(ReadOnlySpan<float> x, Span<sbyte> destination)
    {
        if (x.Length != KvLayout.Block) return BlockScalar(x, destination);
        ReadOnlySpan<Vector256<float>> v = MemoryMarshal.Cast<float, Vector256<float>>(x);
        Vector256<int> mask = Vector256.Create(int.MaxValue);
        Vector256<int> low = Vector256.Max(v[0].AsInt32() & mask, v[1].AsInt32() & mask), high = Vector256.Max(v[2].AsInt32() & mask, v[3].AsInt32() & mask);
        Vector256<int> eight = Vector256.Max(low, high);
        Vector128<int> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        int largest = Math.Max(Math.Max(four[0], four[1]), Math.Max(four[2], four[3]));
        (ushort scale, float inverse) = Scale(largest);
        Vector256<short> first = Vector256.Narrow(Whole(v[0], inverse), Whole(v[1], inverse)), second = Vector256.Narrow(Whole(v[2], inverse), Whole(v[3], inverse));
        Vector256.Narrow(first, second).CopyTo(destination);
        return scale;
    }

    /// <summary>The scalar twin of <see cref="Block"/>.</summary>
    public static ushort BlockScalar(ReadOnlySpan<float> x, Span<sbyte> destination)
    {
        int largest = 0;
        foreach (float value in x) largest = Math.Max(largest, BitConverter.SingleToInt32Bits(value) & int.MaxValue);
        (ushort scale, float inverse) = Scale(largest);
        for (int i = 0; i < x.Length; i++)
            destination[i] = inverse == 0 ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(x[i] * inverse, MidpointRounding.AwayFromZero), -127f, 127f);
        return scale;
    }

    /// <summary>What numbers are when they are read again after they were stored in a type.</summary>
    public static void Round(KvCacheType type, Span<float> x)
    {
        Span<sbyte> quants = stackalloc sbyte[KvLayout.Block];
        Span<ushort> halves = stackalloc ushort[KvLayout.Block];
        for (; type != KvCacheType.F32 && x.Length > 0; x = x[Math.Min(x.Length, KvLayout.Block)..])
        {
            Span<float> block = x[..Math.Min(x.Length, KvLayout.Block)];
            if (type == KvCacheType.F16) HalvesScalar(block, halves);
            else halves[0] = BlockScalar(block, quants);
            for (int i = 0; i < block.Length; i++)
                block[i] = type == KvCacheType.F16 ? Quantization.HalfPrecision.ToFloat(halves[i]) : quants[i] * Quantization.HalfPrecision.ToFloat(halves[0]);
        }
    }

    /// <summary>The scale of a block by the bits of its largest magnitude, and its reciprocal; 0 where all become 0.</summary>
    private static (ushort Scale, float Inverse) Scale(int largest)
    {
        if (largest >= Infinity) return (NaNHalf, 0);
        int bits = Math.Min(BitConverter.SingleToInt32Bits(BitConverter.Int32BitsToSingle(largest) / 127), LargestHalf);
        ushort scale = bits < SmallestNormalHalf
            ? (ushort)(BitConverter.SingleToInt32Bits(BitConverter.Int32BitsToSingle(bits) + 0.5f) - BitConverter.SingleToInt32Bits(0.5f))
            : (ushort)((bits + 0xFFF - Rebias + ((bits >> 13) & 1)) >> 13);
        return (scale, scale == 0 ? 0 : 1 / Quantization.HalfPrecision.ToFloat(scale));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Whole(Vector256<float> x, float inverse)
    {
        Vector256<float> value = x * inverse, limit = Vector256.Create(127f);
        value = Vector256.Truncate(value + Vector256.CopySign(Vector256.Create(BelowHalf), value));
        // Where the reciprocal is 0 because a number is not finite, a product may be NaN: it becomes 0.
        value = Vector256.ConditionalSelect(Vector256.Equals(value, value), value, Vector256<float>.Zero);
        return Vector256.ConvertToInt32(Vector256.Min(Vector256.Max(value, -limit), limit));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Half(Vector<float> x)
    {
        Vector<int> bits = Vector.AsVectorInt32(x), magnitude = bits & new Vector<int>(int.MaxValue);
        Vector<int> finite = Vector.Min(magnitude, new Vector<int>(LargestHalf));
        // Half of the last kept bit, less one where that bit is 0, carries exactly when the number is to be rounded up.
        Vector<int> normal = (finite + new Vector<int>(0xFFF - Rebias) + ((finite >> 13) & Vector<int>.One)) >> 13;
        // Beside one half, the last bit of a float32 is the smallest binary16: the sum rounds as that would.
        Vector<int> subnormal = Vector.AsVectorInt32(Vector.AsVectorSingle(finite) + new Vector<float>(0.5f)) - Vector.AsVectorInt32(new Vector<float>(0.5f));
        Vector<int> half = Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<int>(SmallestNormalHalf)), subnormal, normal);
        half = Vector.ConditionalSelect(Vector.Equals(magnitude, new Vector<int>(Infinity)), new Vector<int>(0x7C00), half);
        half = Vector.ConditionalSelect(Vector.GreaterThan(magnitude, new Vector<int>(Infinity)), new Vector<int>(NaNHalf), half);
        return Vector.AsVectorUInt32(half) | ((Vector.AsVectorUInt32(bits) >> 16) & new Vector<uint>(0x8000));
    }
}
