namespace Heed.Kernels.Quantization;

/// <summary>How many elements and bytes one block of each <see cref="WeightType"/> holds; plain types are blocks of one.</summary>
internal static class BlockSizes
{
    /// <summary>Elements of a simple block (Q4_0 and its siblings).</summary>
    public const int Simple = 32;

    /// <summary>Elements of a super-block (the K and XS types).</summary>
    public const int Super = 256;

    /// <summary>Elements in one block of <paramref name="type"/>.</summary>
    public static int ElementsPerBlock(WeightType type) => type switch
    {
        WeightType.Q4_0 or WeightType.Q4_1 or WeightType.Q5_0 or WeightType.Q5_1 or WeightType.Q8_0 or WeightType.IQ4_NL => Simple,
        WeightType.Q2_K or WeightType.Q3_K or WeightType.Q4_K or WeightType.Q5_K or WeightType.Q6_K or WeightType.IQ4_XS => Super,
        _ => 1,
    };

    /// <summary>Bytes in one block of <paramref name="type"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not defined.</exception>
    public static int BytesPerBlock(WeightType type) => type switch
    {
        WeightType.I8 or WeightType.U8 or WeightType.Bool => 1,
        WeightType.F16 or WeightType.BF16 or WeightType.I16 => 2,
        WeightType.F32 or WeightType.I32 => 4,
        WeightType.F64 or WeightType.I64 => 8,
        WeightType.Q4_0 or WeightType.IQ4_NL => 2 + 16,
        WeightType.Q4_1 => 2 + 2 + 16,
        WeightType.Q5_0 => 2 + 4 + 16,
        WeightType.Q5_1 => 2 + 2 + 4 + 16,
        WeightType.Q8_0 => 2 + 32,
        WeightType.Q2_K => 16 + 64 + 2 + 2,
        WeightType.Q3_K => 32 + 64 + 12 + 2,
        WeightType.Q4_K => 2 + 2 + 12 + 128,
        WeightType.Q5_K => 2 + 2 + 12 + 32 + 128,
        WeightType.Q6_K => 128 + 64 + 16 + 2,
        WeightType.IQ4_XS => 2 + 2 + 4 + 128,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "BytesPerBlock: not a weight type."),
    };

    /// <summary>
    /// The bytes that <paramref name="elements"/> elements take, or false where they are no whole number of blocks,
    /// are negative, or overflow a long.
    /// </summary>
    public static bool TryByteLength(WeightType type, long elements, out long bytes)
    {
        bytes = 0;
        (long blocks, long rest) = Math.DivRem(elements, ElementsPerBlock(type));
        int size = BytesPerBlock(type);
        if (elements < 0 || rest != 0 || blocks > long.MaxValue / size) return false;
        bytes = blocks * size;
        return true;
    }

    /// <summary>The product of <paramref name="shape"/>, or false where a size is negative or the product overflows a long.</summary>
    public static bool TryElementCount(ReadOnlySpan<long> shape, out long elements)
    {
        elements = 1;
        bool empty = false;
        foreach (long size in shape)
        {
            if (size < 0) return false;
            if (size == 0) empty = true;
            else if (elements > long.MaxValue / size) return false;
            else elements *= size;
        }
        if (empty) elements = 0;
        return true;
    }
}
