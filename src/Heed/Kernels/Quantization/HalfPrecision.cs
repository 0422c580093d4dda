using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Kernels.Quantization;

/// <summary>16-bit floats to float32: exact for every bit pattern, NaN payloads included.</summary>
internal static class HalfPrecision
{
    private const uint Sign = 0x8000, Magnitude = 0x7FFF;
    private const uint ExponentField = 0x7C00 << 13;

    // binary16's exponent bias is 15 and binary32's 127.
    private const uint Rebias = (127 - 15) << 23;

    // 2^-14: a subnormal read with this exponent is too large by exactly this much.
    private const float SmallestNormal = 6.103515625e-5f;

    /// <summary>IEEE binary16, little-endian: <paramref name="source"/> has two bytes per element of <paramref name="destination"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void F16(ReadOnlySpan<byte> source, Span<float> destination)
    {
        ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(source);
        int i = 0;
        for (; i <= halves.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(halves[i..]), out Vector<uint> low, out Vector<uint> high);
            Widen(low).CopyTo(destination[i..]);
            Widen(high).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }
        F16Scalar(halves[i..], destination[i..]);
    }

    /// <summary>The scalar twin of <see cref="F16"/>.</summary>
    public static void F16Scalar(ReadOnlySpan<ushort> halves, Span<float> destination)
    {
        for (int i = 0; i < halves.Length; i++) destination[i] = ToFloat(halves[i]);
    }

    /// <summary>bfloat16, little-endian: the upper half of a float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BF16(ReadOnlySpan<byte> source, Span<float> destination)
    {
        ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(source);
        int i = 0;
        for (; i <= halves.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(halves[i..]), out Vector<uint> low, out Vector<uint> high);
            Vector.AsVectorSingle(low << 16).CopyTo(destination[i..]);
            Vector.AsVectorSingle(high << 16).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }
        BF16Scalar(halves[i..], destination[i..]);
    }

    /// <summary>The scalar twin of <see cref="BF16"/>.</summary>
    public static void BF16Scalar(ReadOnlySpan<ushort> halves, Span<float> destination)
    {
        for (int i = 0; i < halves.Length; i++) destination[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
    }

    /// <summary>One binary16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToFloat(ushort half)
    {
        uint shifted = (half & Magnitude) << 13;
        uint exponent = shifted & ExponentField;
        uint bits = shifted + Rebias;
        if (exponent == ExponentField) bits += Rebias;
        else if (exponent == 0) bits = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(bits + (1 << 23)) - SmallestNormal);
        return BitConverter.UInt32BitsToSingle(bits | ((half & Sign) << 16));
    }

    /// <summary>The binary16 in the first two bytes of <paramref name="source"/>.</summary>
    public static float ToFloat(ReadOnlySpan<byte> source) => ToFloat((ushort)(source[0] | (source[1] << 8)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Widen(Vector<uint> half)
    {
        Vector<uint> shifted = (half & new Vector<uint>(Magnitude)) << 13;
        Vector<uint> exponent = shifted & new Vector<uint>(ExponentField);
        Vector<uint> normal = shifted + new Vector<uint>(Rebias);
        Vector<uint> special = Vector.Equals(exponent, new Vector<uint>(ExponentField)) & new Vector<uint>(Rebias);
        Vector<float> subnormal = Vector.AsVectorSingle(normal + new Vector<uint>(1 << 23)) - new Vector<float>(SmallestNormal);
        Vector<uint> bits = Vector.ConditionalSelect(
            Vector.Equals(exponent, Vector<uint>.Zero), Vector.AsVectorUInt32(subnormal), normal + special);
        return Vector.AsVectorSingle(bits | ((half & new Vector<uint>(Sign)) << 16));
    }
}
