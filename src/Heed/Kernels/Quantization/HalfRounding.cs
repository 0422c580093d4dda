using System.Buffers.Binary;

namespace Heed.Kernels.Quantization;

/// <summary>float32 to 16-bit floats, little-endian, rounded to the nearest, ties to even.</summary>
internal static class HalfRounding
{
    /// <summary>IEEE binary16; what is beyond its range becomes infinite.</summary>
    /// <param name="source">The numbers.</param>
    /// <param name="destination">Two bytes for each.</param>
    public static void F16(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int i = 0; i < source.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(destination[(2 * i)..], (Half)source[i]);
    }

    /// <summary>bfloat16; a NaN stays one.</summary>
    /// <param name="source">The numbers.</param>
    /// <param name="destination">Two bytes for each.</param>
    public static void BF16(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);
            // Half of the last kept bit, less one where that bit is 0, carries exactly when the number is to be rounded up.
            uint rounded = float.IsNaN(source[i]) ? bits | 0x0040_0000 : bits + 0x7FFF + ((bits >> 16) & 1);
            BinaryPrimitives.WriteUInt16LittleEndian(destination[(2 * i)..], (ushort)(rounded >> 16));
        }
    }
}
