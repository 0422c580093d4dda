namespace Heed.Kernels;

/// <summary>The scalar twins.</summary>
internal static partial class VectorMath
{
    public static float Exp(float x)
    {
        if (x < ExpUnderflow)
        {
            return 0f;
        }

        if (!(x < ExpOverflow))
        {
            return x + float.PositiveInfinity;
        }

        float shift = MathF.FusedMultiplyAdd(x, Log2E, RoundMagic);
        float n = shift - RoundMagic;
        float r = MathF.FusedMultiplyAdd(n, -Ln2High, x);
        r = MathF.FusedMultiplyAdd(n, -Ln2Low, r);
        float q = MathF.FusedMultiplyAdd(ExpC5, r, ExpC4);
        q = MathF.FusedMultiplyAdd(q, r, ExpC3);
        q = MathF.FusedMultiplyAdd(q, r, ExpC2);
        q = MathF.FusedMultiplyAdd(q, r, ExpC1);
        q = MathF.FusedMultiplyAdd(q, r, ExpC0);
        float p = MathF.FusedMultiplyAdd(r * r, q, r) + 1f;
        int exponent = BitConverter.SingleToInt32Bits(shift) << 23;
        return BitConverter.Int32BitsToSingle(unchecked(BitConverter.SingleToInt32Bits(p) + exponent));
    }

    public static float Sigmoid(float x) => 1f / (1f + Exp(-x));

    public static float Softplus(float x)
    {
        float z = Exp(-MathF.Abs(x));
        float r = z / (z + 2f);
        float s = r * r;
        float h = MathF.FusedMultiplyAdd(2f / 17f, s, 2f / 15f);
        h = MathF.FusedMultiplyAdd(h, s, 2f / 13f);
        h = MathF.FusedMultiplyAdd(h, s, 2f / 11f);
        h = MathF.FusedMultiplyAdd(h, s, 2f / 9f);
        h = MathF.FusedMultiplyAdd(h, s, 2f / 7f);
        h = MathF.FusedMultiplyAdd(h, s, 2f / 5f);
        h = MathF.FusedMultiplyAdd(h, s, 2f / 3f);
        h = MathF.FusedMultiplyAdd(h, s, 2f);
        return MathF.FusedMultiplyAdd(h, r, x < 0f ? 0f : x);
    }

    public static float Tanh(float x)
    {
        float a = MathF.Abs(x);
        if (!(a < TanhSmall))
        {
            return MathF.CopySign(1f - (2f / (Exp(a + a) + 1f)), x);
        }

        float s = x * x;
        float h = MathF.FusedMultiplyAdd(TanhC5, s, TanhC4);
        h = MathF.FusedMultiplyAdd(h, s, TanhC3);
        h = MathF.FusedMultiplyAdd(h, s, TanhC2);
        h = MathF.FusedMultiplyAdd(h, s, TanhC1);
        h = MathF.FusedMultiplyAdd(h, s, TanhC0);
        return MathF.FusedMultiplyAdd(x * s, h, x);
    }

    public static float Erf(float x)
    {
        float a = MathF.Abs(x);
        if (a < ErfSmall)
        {
            float s = x * x;
            float h = MathF.FusedMultiplyAdd(ErfC6, s, ErfC5);
            h = MathF.FusedMultiplyAdd(h, s, ErfC4);
            h = MathF.FusedMultiplyAdd(h, s, ErfC3);
            h = MathF.FusedMultiplyAdd(h, s, ErfC2);
            h = MathF.FusedMultiplyAdd(h, s, ErfC1);
            h = MathF.FusedMultiplyAdd(h, s, ErfC0);
            return MathF.FusedMultiplyAdd(x, h, x);
        }

        float t = ErfOne < a ? ErfOne : a;
        float q = MathF.FusedMultiplyAdd(ErfcC8, t, ErfcC7);
        q = MathF.FusedMultiplyAdd(q, t, ErfcC6);
        q = MathF.FusedMultiplyAdd(q, t, ErfcC5);
        q = MathF.FusedMultiplyAdd(q, t, ErfcC4);
        q = MathF.FusedMultiplyAdd(q, t, ErfcC3);
        q = MathF.FusedMultiplyAdd(q, t, ErfcC2);
        q = MathF.FusedMultiplyAdd(q, t, ErfcC1);
        q = MathF.FusedMultiplyAdd(q, t, ErfcC0);
        return MathF.CopySign(1f - Exp(q), x);
    }

    /// <summary>The sum of sixteen lanes in the order of <see cref="ISixteen{V}.Sum"/>.</summary>
    internal static float SumLanes(ReadOnlySpan<float> lanes)
    {
        Span<float> sums = stackalloc float[16];
        lanes[..16].CopyTo(sums);
        for (int width = 8; width > 0; width /= 2)
        {
            for (int i = 0; i < width; i++)
            {
                sums[i] += sums[i + width];
            }
        }

        return sums[0];
    }
}
