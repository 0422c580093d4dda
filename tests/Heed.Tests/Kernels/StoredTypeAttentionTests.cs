using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>Attention over keys and values that are stored in F16 or Q8_0.</summary>
public sealed class StoredTypeAttentionTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    // Both types, and all of the kinds that FlashAttentionTests has.
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 140).Where(seed => seed % 5 < 2)];

    private static AttentionCase RandomCase(int seed)
    {
        AttentionCase x = FlashAttentionTests.RandomCase(seed);
        x.Stored = seed % 2 == 0 ? KvCacheType.F16 : KvCacheType.Q8_0;
        return x;
    }

    /// <summary>To the bit what attention over float32 keys and values that were rounded before gives, on every instruction set and in any tiles.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void Run_EveryInstructionSetAndTile_HasTheBitsOfFloat32OverRoundedNumbers(int seed)
    {
        AttentionCase x = RandomCase(seed);
        (float[] expected, float[] lse) = x.Rounded().RunScalar();
        Check(x.Rounded().Run(_pool, panels: true), "float32");
        Check(x.RunScalar(), "scalar");
        Check(x.Run(_pool, panels: true), "pool");
        if (Avx512F.IsSupported)
        {
            Check(x.RunTiles<Sixteen512, Vector512<float>>(panels: true, 64), "512, 64 rows");
            Check(x.RunTiles<Sixteen512, Vector512<float>>(panels: true, 1), "512, 1 row");
        }
        Check(x.RunTiles<Sixteen256, Pair256>(panels: true, 64), "256, 64 rows");
        Check(x.RunTiles<Sixteen256, Pair256>(panels: true, 3), "256, 3 rows");
        Check(x.RunTiles<Sixteen128, Quad128>(panels: true, 10), "128, 10 rows");

        void Check((float[] Output, float[] LogSumExp) actual, string what)
        {
            actual.Output.ShouldHaveBitsOf(expected, what);
            actual.LogSumExp.ShouldHaveBitsOf(lse, what + ", logsumexp");
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Run_RandomShape_MatchesTheDoubleOracleOverRoundedNumbers(int seed)
    {
        AttentionCase x = RandomCase(seed);
        float[] output = x.Run(_pool, panels: true).Output;
        double[] expected = x.Rounded().Oracle().Output;
        for (int i = 0; i < output.Length; i++)
        {
            // 2e-5 as for float32: scores up to some 40 carry an error near 4e-6, which multiplies values up to 2.
            ((double)output[i]).ShouldBe(expected[i], 2e-5, $"element {i}");
        }
    }

    /// <summary>
    /// What rounding may change: a key that is off by e in its components moves a score by scale·Σ|q|·e = δ at most, so that no weight
    /// changes by more than a factor of exp(2δ), and a value that is off by e moves the output by e at most.
    /// </summary>
    [Theory, MemberData(nameof(Seeds))]
    public void Run_BesideFloat32_IsWithinWhatRoundingMayChange(int seed)
    {
        AttentionCase x = RandomCase(seed);
        if (x.TopK > 0) return; // which keys are kept may change by any rounding
        (double[] exact, double[] rounded) = (As(x, KvCacheType.F32).Oracle().Output, x.Rounded().Oracle().Output);
        double largestQuery = x.Q.Max(q => Math.Abs((double)q)), key = Error(x.K.Max(MathF.Abs)), value = Error(x.V.Max(MathF.Abs));
        double shift = x.Scale * x.HeadDim * largestQuery * key, bound = ((Math.Exp(2 * shift) - 1) * x.V.Max(MathF.Abs)) + value;
        double worst = exact.Zip(rounded, (a, b) => Math.Abs(a - b)).Max();
        worst.ShouldBeLessThanOrEqualTo(bound);
        if (exact.Any(e => e != 0)) worst.ShouldBeGreaterThan(0, "rounding shows");

        // Half a unit in the last place of binary16, or half a step of a block whose largest number is the largest of all.
        double Error(float largest) => x.Stored == KvCacheType.F16
            ? (largest * Math.Pow(2, -11)) + Math.Pow(2, -25)
            : (largest / 254 * (1 + Math.Pow(2, -11))) + (128 * Math.Pow(2, -25));
    }

    [Theory]
    [InlineData(KvCacheType.F16)]
    [InlineData(KvCacheType.Q8_0)]
    public void Run_NaNInInvisibleSlots_DoesNotLeakAndInAVisibleOneSpreads(KvCacheType type)
    {
        AttentionCase x = new AttentionCase
        {
            Queries = 5,
            Heads = 6,
            KvHeads = 2,
            HeadDim = 40,
            ValueDim = 21,
            Keys = 100,
            Limits = [70, 80, 83, 85, 90],
            FirstKeys = [30],
            Stored = type,
        }.Fill(4);
        float[] expected = x.Run(_pool, panels: true).Output;
        int key = x.KvHeads * x.HeadDim;
        x.K.AsSpan(0, 30 * key).Fill(float.NaN);
        x.K.AsSpan(91 * key).Fill(float.PositiveInfinity);
        for (int h = 0; h < 2; h++)
        {
            x.V.AsSpan(h * 100 * 21, 30 * 21).Fill(float.NaN);
            x.V.AsSpan(((h * 100) + 91) * 21, 9 * 21).Fill(float.NegativeInfinity);
        }
        x.Run(_pool, panels: true).Output.ShouldHaveBitsOf(expected, "invisible");
        x.K[31 * key] = float.NaN;
        float[] spoilt = x.Run(_pool, panels: true).Output;
        spoilt[..(3 * 21)].ShouldAllBe(y => float.IsNaN(y), "the heads of that key");
        spoilt[(3 * 21)..(6 * 21)].ShouldHaveBitsOf(expected[(3 * 21)..(6 * 21)], "the other head's");
    }

    [Fact]
    public void Run_PlainKeysOfAnotherType_Throws()
    {
        AttentionCase x = new AttentionCase { Keys = 4, Limits = [3], Stored = KvCacheType.F16 }.Fill(1);
        Should.Throw<ArgumentException>(() => x.Run(_pool, panels: false)).Message.ShouldContain("of type F16; need float32, or keys in panels");
    }

    private static AttentionCase As(AttentionCase x, KvCacheType type)
    {
        AttentionCase copy = x.Rounded();
        (copy.K, copy.V, copy.Stored) = (x.K, x.V, type);
        return copy;
    }
}
