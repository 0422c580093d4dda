using Heed.Kernels.Quantization;

namespace Heed.Tests.Kernels.Strips;

/// <summary>Blocks of any type with random numbers and scales of the size that models have.</summary>
internal static class QuantizedSamples
{
    public static byte[] Blocks(WeightType type, int elements, int seed)
    {
        Random random = new(seed);
        byte[] bytes = new byte[Bytes(type, elements)];
        random.NextBytes(bytes);
        SetScales(type, bytes, () => (Half)(random.NextSingle() * 0.02f - 0.005f));
        return bytes;
    }

    /// <summary>Blocks of the same byte everywhere but in the scales.</summary>
    public static byte[] Filled(WeightType type, int elements, byte fill)
    {
        byte[] bytes = new byte[Bytes(type, elements)];
        Array.Fill(bytes, fill);
        SetScales(type, bytes, () => (Half)0.01f);
        return bytes;
    }

    public static float[] Floats(int count, int seed)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (random.NextSingle() * 2 - 1) * MathF.Pow(10, random.Next(-3, 2));
        return values;
    }

    /// <summary>Where a block's binary16 numbers stand.</summary>
    private static int[] Halves(WeightType type) => type switch
    {
        WeightType.Q4_1 or WeightType.Q5_1 or WeightType.Q4_K or WeightType.Q5_K => [0, 2],
        WeightType.Q2_K => [80, 82],
        WeightType.Q3_K => [108],
        WeightType.Q6_K => [208],
        _ => [0],
    };

    private static void SetScales(WeightType type, byte[] bytes, Func<Half> next)
    {
        int size = BlockSizes.BytesPerBlock(type);
        for (int at = 0; at < bytes.Length; at += size)
            foreach (int half in Halves(type))
                BitConverter.TryWriteBytes(bytes.AsSpan(at + half), next());
    }

    private static int Bytes(WeightType type, int elements)
    {
        BlockSizes.TryByteLength(type, elements, out long bytes).ShouldBeTrue();
        return (int)bytes;
    }
}
