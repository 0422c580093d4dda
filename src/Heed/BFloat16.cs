namespace Heed;

/// <summary>bfloat16: the upper 16 bits of a float32.</summary>
/// <param name="Bits">Sign, 8 bits of exponent, 7 of fraction.</param>
public readonly record struct BFloat16(ushort Bits)
{
    /// <summary>The number as a float32, exactly.</summary>
    public float ToSingle() => BitConverter.UInt32BitsToSingle((uint)Bits << 16);

    /// <summary>The nearest bfloat16, ties to even; a NaN stays one.</summary>
    public static BFloat16 FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return new BFloat16((ushort)((bits >> 16) | 0x40));
        return new BFloat16((ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
    }
}
