namespace Heed.Formats;

/// <summary>Where a metadata value lies: <paramref name="Count"/> elements from <paramref name="Offset"/>, one unless it is an array.</summary>
internal readonly record struct GgufValue(GgufValueType Type, GgufValueType ElementType, long Offset, long Count)
{
    /// <summary>"an array of 512 String" or "UInt32", for messages.</summary>
    public string Kind => Type == GgufValueType.Array ? $"an array of {Count} {ElementType}" : Type.ToString();

    /// <summary>The bytes of one value of a type that has a fixed size.</summary>
    public static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "SizeOf: the type has no fixed size."),
    };
}
