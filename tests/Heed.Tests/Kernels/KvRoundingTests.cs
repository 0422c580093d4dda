using System.Numerics;
using Heed.Kernels;
using Heed.Kernels.Quantization;

namespace Heed.Tests.Kernels;

public sealed class KvRoundingTests
{
    private static readonly float[] s_edges =
    [
        .. Numbers.Special, 65504f, 65519.99f, 65520f, -65520f, 1e30f, -1e30f, 6.1035156e-5f, 6.0975552e-5f, 5.9604645e-8f, 2.9802322e-8f, 2.9802326e-8f,
        -2.9802322e-8f, 8.940697e-8f, 1.00048828f, 1.00146484f, 2049f, 2051f, 0.1f, 3.14159274f,
    ];

    [Fact]
    public void Halves_AnyNumbers_HaveTheBitsOfTheScalarTwin()
    {
        for (int length = 0; length <= 256; length++)
        {
            float[] x = [.. Enumerable.Range(0, length).Select(i => i % 3 == 0 ? s_edges[(i + length) % s_edges.Length] : Numbers.Random(i + length, 1, MathF.Pow(2, (i % 40) - 26))[0])];
            ushort[] expected = new ushort[length], got = new ushort[length];
            KvRounding.HalvesScalar(x, expected);
            KvRounding.Halves(x, got);
            got.ShouldBe(expected, $"{length} numbers");
        }
    }

    [Fact]
    public void Halves_EveryHalfAndWhatLiesBetween_GoToTheNearestAndToEven()
    {
        for (int i = 0; i < 0x7BFF; i++)
        {
            float low = HalfPrecision.ToFloat((ushort)i), high = HalfPrecision.ToFloat((ushort)(i + 1)), middle = (low + high) / 2;
            int even = (i + 1) & ~1;
            Rounded([low, middle, MathF.BitDecrement(middle), MathF.BitIncrement(middle), -middle]).ShouldBe([i, even, i, i + 1, even | 0x8000]);
        }

        static int[] Rounded(float[] x)
        {
            float[] padded = [.. x, .. new float[Vector<ushort>.Count]];
            ushort[] halves = new ushort[padded.Length];
            KvRounding.Halves(padded, halves);
            return [.. halves.Take(x.Length).Select(half => (int)half)];
        }
    }

    [Fact]
    public void Round_ToF16_FiniteNumbersStayFiniteAndOthersWhatTheyAre()
    {
        float[] x = [1e9f, -1e9f, 65519f, 70000f, float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        KvRounding.Round(KvCacheType.F16, x);
        x.ShouldBe([65504f, -65504f, 65504f, 65504f, float.PositiveInfinity, float.NegativeInfinity, float.NaN]);
    }

    [Fact]
    public void Block_AnyNumbers_HasTheBitsOfTheScalarTwin()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            float[] x = Numbers.Random(seed, KvLayout.Block, MathF.Pow(2, (seed % 60) - 36));
            if (seed % 5 == 0) x[seed % 32] = s_edges[seed / 5 % s_edges.Length];
            if (seed % 7 == 0) for (int i = 0; i < x.Length; i++) x[i] = (i % 8 - 4) * 0.5f;
            sbyte[] expected = new sbyte[x.Length], got = new sbyte[x.Length];
            KvRounding.Block(x, got).ShouldBe(KvRounding.BlockScalar(x, expected), $"seed {seed}");
            got.ShouldBe(expected, $"seed {seed}");
        }
    }

    /// <summary>Half a step of the scale; where the scale is a subnormal binary16, 127 of what that was rounded by besides.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(80)]
    public void Round_ToQ8_IsWithinHalfAStepOfTheBlocksLargest(int length)
    {
        for (int seed = 0; seed < 200; seed++)
        {
            float[] x = Numbers.Random(seed, length, MathF.Pow(2, (seed % 40) - 20)), y = [.. x];
            KvRounding.Round(KvCacheType.Q8_0, y);
            for (int i = 0; i < length; i++)
            {
                double largest = x.Skip(i / 32 * 32).Take(32).Max(MathF.Abs);
                Math.Abs((double)x[i] - y[i]).ShouldBeLessThanOrEqualTo((largest / 254 * (1 + Math.Pow(2, -11))) + (128 * Math.Pow(2, -25)), $"seed {seed}, {i}");
            }
        }
    }

    [Fact]
    public void Round_ToQ8_NumbersBeyondTheScalesRangeBecomeItsLargest()
    {
        float[] x = [1e9f, -2e9f, 0, 65504f];
        KvRounding.Round(KvCacheType.Q8_0, x);
        x.ShouldBe([65504f * 127, -65504f * 127, 0, 65504f]);
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity })
        {
            float[] two = [.. Enumerable.Repeat(1f, 64)];
            two[40] = bad;
            KvRounding.Round(KvCacheType.Q8_0, two);
            two[..32].ShouldAllBe(y => Math.Abs(y - 1) < 1e-3f);
            two[32..].ShouldAllBe(y => float.IsNaN(y), "a block that holds it says so");
        }
        float[] zeros = new float[40];
        KvRounding.Round(KvCacheType.Q8_0, zeros);
        zeros.ShouldAllBe(y => y == 0);
    }

    /// <summary>ggml's own blocks: the same scale, and whole numbers that differ where its unrounded scale falls on the other side of a half.</summary>
    [Fact]
    public void Block_BesideTheFilesQ8_HasItsScaleAndAlmostItsNumbers()
    {
        int differ = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            float[] x = Numbers.Random(seed, 32, 3);
            byte[] file = new byte[34];
            EightBitBlocks.EncodeQ8_0(x, file);
            sbyte[] quants = new sbyte[32];
            KvRounding.Block(x, quants).ShouldBe(BitConverter.ToUInt16(file));
            for (int i = 0; i < 32; i++)
            {
                Math.Abs(quants[i] - (sbyte)file[2 + i]).ShouldBeLessThanOrEqualTo(1);
                if (quants[i] != (sbyte)file[2 + i]) differ++;
            }
        }
        differ.ShouldBeLessThan(150, "of 3200");
    }
}
