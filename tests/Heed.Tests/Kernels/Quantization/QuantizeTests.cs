using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Heed.Kernels;
using Heed.Kernels.Quantization;

namespace Heed.Tests.Kernels.Quantization;

public sealed class QuantizeTests
{
    public static TheoryData<WeightType> BlockTypes =>
    [
        WeightType.Q4_0, WeightType.Q4_1, WeightType.Q5_0, WeightType.Q5_1, WeightType.Q8_0, WeightType.Q2_K, WeightType.Q3_K,
        WeightType.Q4_K, WeightType.Q5_K, WeightType.Q6_K, WeightType.IQ4_NL, WeightType.IQ4_XS,
    ];

    [Theory]
    [InlineData(WeightType.Q4_0), InlineData(WeightType.Q4_1), InlineData(WeightType.Q5_0), InlineData(WeightType.Q5_1), InlineData(WeightType.Q8_0)]
    public void FromFloat_SimpleTypes_MatchGgmlBitForBit(WeightType type)
    {
        float[] numbers = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(TestData.Golden($"quant/{type}.quantize-in.f32"))).ToArray();
        byte[] expected = File.ReadAllBytes(TestData.Golden($"quant/{type}.quantize-out.blocks"));

        Encoded(type, numbers).ShouldBe(expected);
    }

    [Theory, MemberData(nameof(BlockTypes))]
    public void FromFloat_GaussianNumbers_ErrWithinTheTypesBound(WeightType type)
    {
        float[] x = Gaussian(8192, seed: 1);

        // Relative root mean square of the error: for q bits with a scale for each 16 or 32 normal numbers.
        double bound = type switch
        {
            WeightType.Q8_0 => 0.0062,
            WeightType.Q6_K => 0.021,
            WeightType.Q5_K or WeightType.Q5_1 => 0.040,
            WeightType.Q5_0 => 0.046,
            WeightType.Q4_K => 0.075,
            WeightType.Q4_1 => 0.082,
            WeightType.IQ4_NL or WeightType.IQ4_XS => 0.080,
            WeightType.Q4_0 => 0.095,
            WeightType.Q3_K => 0.165,
            _ => 0.32,
        };
        RelativeError(x, Decoded(type, Encoded(type, x))).ShouldBeInRange(bound / 2, bound, type.ToString());
    }

    [Theory, MemberData(nameof(BlockTypes))]
    public void FromFloat_NumbersThatAreBlocks_AreKept(WeightType type)
    {
        float[] once = Decoded(type, Encoded(type, Gaussian(4096, seed: 2)));
        byte[] again = Encoded(type, once);

        // The simple types come back to the bit; the search of the others finds the same numbers, or ones as near as a 16-bit scale has them.
        if (type is WeightType.Q8_0 or WeightType.Q4_0 or WeightType.Q5_0) Decoded(type, again).ShouldBe(once);
        else RelativeError(once, Decoded(type, again)).ShouldBeLessThan(type is WeightType.Q2_K or WeightType.Q3_K ? 0.05 : 0.012, type.ToString());
    }

    [Theory, MemberData(nameof(BlockTypes))]
    public void FromFloat_WithImportance_ErrsLessWhereItCounts(WeightType type)
    {
        if (type == WeightType.Q8_0) return;
        float[] x = Gaussian(8192, seed: 3), importance = [.. Gaussian(8192, seed: 4).Select(g => MathF.Exp(2 * g))];
        float[] plain = Decoded(type, Encoded(type, x)), weighted = Decoded(type, Encoded(type, x, importance));

        WeightedError(x, weighted, importance).ShouldBeLessThan(WeightedError(x, plain, importance));
    }

    [Theory]
    [InlineData(WeightType.Q4_K, 15, true), InlineData(WeightType.Q5_K, 31, true), InlineData(WeightType.Q2_K, 3, true), InlineData(WeightType.IQ4_NL, 16, false), InlineData(WeightType.Q6_K, 32, false), InlineData(WeightType.Q3_K, 4, false)]
    public void FromFloat_SearchedTypes_ErrLessThanRoundingFromTheRange(WeightType type, int levels, bool minimum)
    {
        float[] x = Gaussian(16384, seed: 5);
        int sub = type is WeightType.Q4_K or WeightType.Q5_K or WeightType.IQ4_NL ? 32 : 16;
        // The plain rule with exact scales, which no stored form of the type could even have.
        float[] plain = [.. x.Chunk(sub).SelectMany(part => minimum ? FromRange(part, levels) : FromLargest(part, levels))];

        RelativeError(x, Decoded(type, Encoded(type, x))).ShouldBeLessThan(RelativeError(x, plain));
    }

    [Theory, MemberData(nameof(BlockTypes))]
    public void FromFloat_ExtremeNumbers_GiveFiniteOnes(WeightType type)
    {
        float[][] cases =
        [
            new float[256], [.. Enumerable.Repeat(-0f, 256)], [.. Enumerable.Repeat(65504f, 256)], [.. Enumerable.Repeat(-65504f, 256)],
            [.. Enumerable.Repeat(0.1f, 256)], [.. Enumerable.Repeat(-0.1f, 256)], [.. Enumerable.Repeat(float.Epsilon, 256)], [.. Enumerable.Repeat(1e-30f, 256)],
            [.. Enumerable.Range(0, 256).Select(i => i == 77 ? 65504f : 0f)], [.. Enumerable.Range(0, 256).Select(i => i % 2 == 0 ? 65504f : -65504f)],
            [.. Enumerable.Range(0, 256).Select(i => i % 32 == 0 ? 1e4f : 1e-7f)], [.. Gaussian(256, 6).Select(g => 1e-6f * g)],
        ];
        foreach (float[] x in cases)
            foreach (float[] importance in new float[][] { [], new float[256], [.. Enumerable.Range(0, 256).Select(i => i < 100 ? 0f : 1e30f)] })
            {
                float[] back = Decoded(type, Encoded(type, x, importance));
                back.ShouldAllBe(value => float.IsFinite(value));
                float largest = x.Max(MathF.Abs);
                back.Max(MathF.Abs).ShouldBeLessThanOrEqualTo(1.35f * largest + 1e-4f);
            }
    }

    [Theory, MemberData(nameof(BlockTypes))]
    public void FromFloat_NumbersThatAreNone_AreRefused(WeightType type)
    {
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity, 65536f])
        {
            float[] x = Gaussian(256, seed: 7);
            x[200] = bad;
            Should.Throw<ArithmeticException>(() => Encoded(type, x)).Message.ShouldContain("finite");
        }
    }

    [Fact]
    public void FromFloat_PlainTypes_RoundAndRefuse()
    {
        Decoded(WeightType.F32, Encoded(WeightType.F32, [1.5f, float.NegativeInfinity])).ShouldBe([1.5f, float.NegativeInfinity]);
        Decoded(WeightType.F16, Encoded(WeightType.F16, [0.1f])).ShouldBe([(float)(Half)0.1f]);
        float.IsNaN(Decoded(WeightType.BF16, Encoded(WeightType.BF16, [float.NaN]))[0]).ShouldBeTrue();
        Should.Throw<ArithmeticException>(() => Encoded(WeightType.F16, [70000f])).Message.ShouldContain("70000");
        Should.Throw<ArgumentException>(() => Quantize.FromFloat(WeightType.I8, [1f], [], new byte[1]));
        Should.Throw<ArgumentException>(() => Quantize.FromFloat(WeightType.Q4_0, new float[31], [], new byte[18]));
        Should.Throw<ArgumentException>(() => Quantize.FromFloat(WeightType.Q4_0, new float[32], new float[31], new byte[18]));
    }

    /// <summary>The bytes are pinned: this test also runs with narrower vectors, where they must be the same.</summary>
    [Theory]
    [InlineData(WeightType.Q4_0, "F379074D6238A906")]
    [InlineData(WeightType.Q4_1, "36DCB901A2E5C2E9")]
    [InlineData(WeightType.Q5_0, "F363882E7F867C7E")]
    [InlineData(WeightType.Q5_1, "EB3E52D91FB46AB0")]
    [InlineData(WeightType.Q8_0, "826742AE121069AA")]
    [InlineData(WeightType.Q2_K, "0091327DF72D625D")]
    [InlineData(WeightType.Q3_K, "E818F834133CC7F8")]
    [InlineData(WeightType.Q4_K, "2034BF06C97B09A7")]
    [InlineData(WeightType.Q5_K, "319D252F018F5B8A")]
    [InlineData(WeightType.Q6_K, "0ED5A9EADF20D9C6")]
    [InlineData(WeightType.IQ4_NL, "6D4CAE82CC6E7DBB")]
    [InlineData(WeightType.IQ4_XS, "B78204C2956CC978")]
    public void FromFloat_AnyVectorWidth_GivesTheSameBytes(WeightType type, string hash)
    {
        float[] x = Exact(8192);
        float[] importance = [.. Enumerable.Range(0, 8192).Select(i => 1f + i % 7)];
        byte[] bytes = [.. Encoded(type, x), .. Encoded(type, x, importance)];
        Convert.ToHexString(SHA256.HashData(bytes))[..16].ShouldBe(hash, type.ToString());
    }

    [Fact]
    public void QuantizeRows_AnyNumberOfThreads_GivesTheSameBytes()
    {
        float[] x = Gaussian(37 * 512, seed: 8), importance = [.. Gaussian(512, seed: 9).Select(MathF.Abs)];
        byte[] one = Rows(threads: 1), three = Rows(threads: 3);

        three.ShouldBe(one);
        one.AsSpan(0, 2 * 144).ToArray().ShouldBe(Encoded(WeightType.Q4_K, x[(5 * 512)..(6 * 512)], importance));

        byte[] Rows(int threads)
        {
            using WorkerPool pool = new(threads);
            byte[] bytes = new byte[32 * 2 * 144];
            QuantizeRows.Run(pool, WeightType.Q4_K, first: 5, rows: 32, columns: 512, importance, (row, to) => x.AsSpan(row * 512, 512).CopyTo(to), bytes);
            return bytes;
        }
    }

    [Fact]
    public void QuantizeRows_RowWithANan_IsNamed()
    {
        using WorkerPool pool = new(2);
        Should.Throw<ArithmeticException>(() => QuantizeRows.Run(pool, WeightType.Q8_0, 0, 40, 32, null, (row, to) => to.Fill(row == 33 ? float.NaN : 1), new byte[40 * 34]))
            .Message.ShouldStartWith("row 33: ");
    }

    private static byte[] Encoded(WeightType type, float[] x, float[]? importance = null)
    {
        BlockSizes.TryByteLength(type, x.Length, out long length).ShouldBeTrue();
        byte[] bytes = new byte[length];
        Quantize.FromFloat(type, x, importance, bytes);
        return bytes;
    }

    private static float[] Decoded(WeightType type, byte[] bytes)
    {
        float[] x = new float[bytes.Length / BlockSizes.BytesPerBlock(type) * BlockSizes.ElementsPerBlock(type)];
        Dequantize.ToFloat(type, bytes, x);
        return x;
    }

    private static double RelativeError(float[] x, float[] y) => Math.Sqrt(x.Zip(y, (a, b) => Math.Pow(a - b, 2)).Sum() / x.Sum(a => Math.Pow(a, 2)));

    private static double WeightedError(float[] x, float[] y, float[] weights) => x.Zip(y, (a, b) => Math.Pow(a - b, 2)).Zip(weights, (e, w) => e * w).Sum();

    private static IEnumerable<float> FromRange(float[] x, int levels)
    {
        float low = Math.Min(0, x.Min()), scale = (x.Max() - low) / levels;
        return x.Select(value => MathF.Round((value - low) / scale) * scale + low);
    }

    private static IEnumerable<float> FromLargest(float[] x, int half)
    {
        float scale = x.MaxBy(MathF.Abs) / (half == 16 ? -8 : -half);
        int top = half == 16 ? 7 : half - 1;
        return x.Select(value => Math.Clamp(MathF.Round(value / scale), -top - 1, top) * scale);
    }

    private static float[] Gaussian(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    // Without a logarithm or a cosine, which may differ in their last bit.
    private static float[] Exact(int count)
    {
        Random random = new(10);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f) * 0.05f)];
    }
}
