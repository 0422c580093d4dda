using Heed.Kernels.Quantization;

namespace Heed.Tests.Kernels.Strips;

/// <summary>
/// The scalar twin of the strip kernels: numbers and scales are got back from the dequantized floats' definition, by reading each
/// block's numbers one by one.
/// </summary>
internal static class ScalarStrips
{
    private static readonly int[] Table = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public static float[] Multiply(WeightType type, byte[] bytes, int m, int rows, int columns, float[] x)
    {
        float[] y = new float[m * rows];
        int rowBytes = bytes.Length / rows;
        for (int t = 0; t < m; t++)
        {
            (sbyte[] q, float[] scales) = Quantize(x.AsSpan(t * columns, columns));
            for (int row = 0; row < rows; row++) y[t * rows + row] = Row(type, bytes.AsSpan(row * rowBytes, rowBytes), q, scales);
        }
        return y;
    }

    private static (sbyte[] Q, float[] Scales) Quantize(ReadOnlySpan<float> x)
    {
        sbyte[] q = new sbyte[x.Length];
        float[] scales = new float[x.Length / 32];
        for (int block = 0; block < scales.Length; block++)
        {
            float max = 0;
            for (int i = 0; i < 32; i++) max = MathF.Max(max, MathF.Abs(x[block * 32 + i]));
            scales[block] = max / 127;
            float inverse = max == 0 ? 0 : 127 / max;
            for (int i = 0; i < 32; i++) q[block * 32 + i] = (sbyte)MathF.Round(x[block * 32 + i] * inverse);
        }
        return (q, scales);
    }

    private static float Row(WeightType type, ReadOnlySpan<byte> row, sbyte[] q, float[] scales)
    {
        float sum = 0;
        int per = BlockSizes.ElementsPerBlock(type), size = BlockSizes.BytesPerBlock(type);
        for (int at = 0; at < q.Length; at += per)
        {
            ReadOnlySpan<byte> block = row.Slice(at / per * size, size);
            for (int first = 0; first < per; first += 32) sum = Block(type, block, first, q.AsSpan(at + first, 32), scales[(at + first) / 32], sum);
        }
        return sum;
    }

    private static float Block(WeightType type, ReadOnlySpan<byte> block, int first, ReadOnlySpan<sbyte> q, float xScale, float sum)
    {
        int width = type is WeightType.Q2_K or WeightType.Q3_K or WeightType.Q6_K ? 16 : 32;
        float scaled = 0;
        List<(float Minimum, int Sum)> rest = [];
        for (int part = 0; part < 32; part += width)
        {
            int dot = 0, xSum = 0;
            for (int i = part; i < part + width; i++)
            {
                dot += Number(type, block, first + i) * q[i];
                xSum += q[i];
            }
            (float scale, float? minimum) = Scale(type, block, (first + part) / width);
            scaled = part == 0 ? dot * scale : scaled + (dot * scale);
            if (minimum is { } m) rest.Add((m, xSum));
        }
        sum = MathF.FusedMultiplyAdd(scaled, xScale, sum);
        foreach ((float m, int xSum) in rest) sum = MathF.FusedMultiplyAdd(m, xScale * xSum, sum);
        return sum;
    }

    private static float Half(ReadOnlySpan<byte> at) => (float)BitConverter.ToHalf(at);

    private static int Number(WeightType type, ReadOnlySpan<byte> b, int i)
    {
        int Bit(ReadOnlySpan<byte> bits, int at) => (bits[at / 8] >> (at % 8)) & 1;
        int Nibble(ReadOnlySpan<byte> quants, int at) => at < 16 ? quants[at] & 15 : quants[at - 16] >> 4;
        int Wide(ReadOnlySpan<byte> quants) => (quants[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15;
        int Two(ReadOnlySpan<byte> quants) => (quants[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
        return type switch
        {
            WeightType.Q4_0 => Nibble(b[2..], i) - 8,
            WeightType.Q4_1 => Nibble(b[4..], i),
            WeightType.Q5_0 => (Nibble(b[6..], i) | (Bit(b[2..], i) << 4)) - 16,
            WeightType.Q5_1 => Nibble(b[8..], i) | (Bit(b[4..], i) << 4),
            WeightType.Q8_0 => (sbyte)b[2 + i],
            WeightType.Q2_K => Two(b[16..]),
            WeightType.Q3_K => (Two(b[32..]) | (((b[i % 32] >> (i / 32)) & 1) << 2)) - 4,
            WeightType.Q4_K => Wide(b[16..]),
            WeightType.Q5_K => Wide(b[48..]) | (((b[16 + i % 32] >> (i / 32)) & 1) << 4),
            WeightType.Q6_K => (((b[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4)) & 15) | (((b[128 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3) << 4)) - 32,
            WeightType.IQ4_NL => Table[Nibble(b[2..], i)],
            _ => Table[Nibble(b[(8 + i / 32 * 16)..], i % 32)],
        };
    }

    private static (float Scale, float? Minimum) Scale(WeightType type, ReadOnlySpan<byte> b, int part)
    {
        switch (type)
        {
            case WeightType.Q4_1 or WeightType.Q5_1: return (Half(b), Half(b[2..]));
            case WeightType.Q2_K: return (Half(b[80..]) * (b[part] & 15), -(Half(b[82..]) * (b[part] >> 4)));
            case WeightType.Q6_K: return (Half(b[208..]) * (sbyte)b[192 + part], null);
            case WeightType.Q3_K:
                int low = part < 8 ? b[96 + part] & 15 : b[88 + part] >> 4, high = (b[104 + part % 4] >> (2 * (part / 4))) & 3;
                return (Half(b[108..]) * ((low | (high << 4)) - 32), null);
            case WeightType.IQ4_XS:
                int s = ((b[4 + part / 2] >> (part % 2 * 4)) & 15) | ((((b[2] | (b[3] << 8)) >> (2 * part)) & 3) << 4);
                return (Half(b) * (s - 32), null);
            case WeightType.Q4_K or WeightType.Q5_K:
                (int scale, int minimum) = part < 4
                    ? (b[4 + part] & 63, b[8 + part] & 63)
                    : ((b[8 + part] & 15) | (b[part] >> 6 << 4), (b[8 + part] >> 4) | (b[4 + part] >> 6 << 4));
                return (Half(b) * scale, -(Half(b[2..]) * minimum));
            default: return (Half(b), null);
        }
    }
}
