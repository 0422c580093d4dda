using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed class FlashAttentionTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    // From 60 on scores are modified, from 100 on keys are seen in runs.
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 140)];

    /// <summary>A problem of random shape: odd head sizes, grouped heads, windows, caps, padding, capacities beyond the keys.</summary>
    internal static AttentionCase RandomCase(int seed)
    {
        Random random = new(seed);
        int[] dims = [1, 5, 8, 64, 80, 128];
        int kvHeads = random.Next(1, 4);
        int batch = random.Next(1, 3);
        int queries = random.Next(3) == 0 ? 1 : random.Next(1, 90);
        int keys = queries + random.Next(0, 150);
        int[] limits = random.Next(4) switch
        {
            0 => AttentionCase.All(batch, queries, keys),
            1 => [.. Enumerable.Range(0, batch * queries).Select(_ => random.Next(-1, keys))],
            _ => AttentionCase.Causal(batch, queries, keys),
        };
        AttentionCase result = Modify(random, seed >= 60 && (seed < 100 || random.Next(2) == 0), new AttentionCase
        {
            Batch = batch,
            Queries = queries,
            KvHeads = kvHeads,
            Heads = kvHeads * random.Next(1, 6),
            HeadDim = dims[random.Next(dims.Length)],
            ValueDim = random.Next(2) == 0 ? dims[random.Next(dims.Length)] : random.Next(1, 150),
            Keys = keys,
            Capacity = keys + random.Next(0, 40),
            Window = random.Next(2) == 0 ? 0 : random.Next(1, 100),
            SoftCap = random.Next(3) == 0 ? 5f : 0f,
            FirstKeys = random.Next(3) == 0 ? [.. Enumerable.Range(0, batch).Select(_ => random.Next(0, keys))] : null,
            Limits = limits,
        }.Fill(seed));
        if (seed >= 100) result.Runs = [.. limits.Select(_ => RandomRuns(random, result.Capacity))];
        return result;
    }

    /// <summary>Nothing, everything, a few runs, or every other key.</summary>
    private static (int, int)[] RandomRuns(Random random, int keys)
    {
        int longest = random.Next(4) switch { 0 => 0, 1 => 1, 2 => 30, _ => 2 * keys };
        List<(int, int)> runs = [];
        for (int at = random.Next(3); longest > 0 && at < keys;)
        {
            int end = Math.Min(keys, at + random.Next(1, longest + 1));
            runs.Add((at, end));
            at = end + random.Next(1, random.Next(2) == 0 ? 3 : 100);
        }

        return [.. runs];
    }

    private static AttentionCase Modify(Random random, bool modified, AttentionCase x)
    {
        if (!modified)
        {
            return x;
        }

        x.Distances = random.Next(3) == 0 ? null : Numbers.Random(random.Next(), x.Heads * (x.Capacity + random.Next(0, 20)), 2f);
        x.Sinks = random.Next(2) == 0 ? null : Numbers.Random(random.Next(), x.Heads, 4f);
        x.TopK = random.Next(2) == 0 ? 0 : random.Next(1, x.Capacity + 10);
        return x;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void F2_Run_RandomShape_MatchesDoubleOracle(int seed)
    {
        AttentionCase x = RandomCase(seed);
        (float[] output, float[] lse) = x.Run(_pool, panels: seed % 2 == 0);
        (double[] expected, double[] expectedLse) = x.Oracle();
        for (int i = 0; i < output.Length; i++)
        {
            // 2e-5: scores up to some 40 carry an error near 4e-6, which multiplies values up to 2.
            ((double)output[i]).ShouldBe(expected[i], 2e-5, $"element {i}");
        }

        for (int i = 0; i < lse.Length; i++)
        {
            if (double.IsNegativeInfinity(expectedLse[i]))
            {
                lse[i].ShouldBe(float.NegativeInfinity);
            }
            else
            {
                ((double)lse[i]).ShouldBe(expectedLse[i], 2e-5, $"logsumexp {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Run_EveryInstructionSetTileAndLayout_HasTheBitsOfTheScalarTwin(int seed)
    {
        AttentionCase x = RandomCase(seed);
        (float[] expected, float[] lse) = x.RunScalar();
        Check(x.Run(_pool, panels: true), "pool, panels");
        Check(x.Run(_pool, panels: false), "pool, plain");
        Check(x.RunTiles<Sixteen512, Vector512<float>>(panels: true, 64), "512, panels, 64 rows");
        Check(x.RunTiles<Sixteen512, Vector512<float>>(panels: false, 7), "512, plain, 7 rows");
        Check(x.RunTiles<Sixteen512, Vector512<float>>(panels: true, 1), "512, panels, 1 row");
        Check(x.RunTiles<Sixteen256, Pair256>(panels: true, 64), "256, panels, 64 rows");
        Check(x.RunTiles<Sixteen256, Pair256>(panels: false, 3), "256, plain, 3 rows");
        Check(x.RunTiles<Sixteen128, Quad128>(panels: true, 10), "128, panels, 10 rows");

        void Check((float[] Output, float[] LogSumExp) actual, string what)
        {
            actual.Output.ShouldHaveBitsOf(expected, what);
            actual.LogSumExp.ShouldHaveBitsOf(lse, what + ", logsumexp");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Row12_NaNAndInfinityInInvisibleSlots_DoNotLeak(int seed)
    {
        AttentionCase x = RandomCase(seed);
        float[] expected = x.Run(_pool, panels: true).Output;

        // Poison every key and value that some row sees not, for the rows that do not see it.
        int query = x.Queries / 2;
        for (int b = 0; b < x.Batch; b++)
        {
            for (int j = 0; j < x.Capacity; j++)
            {
                if (x.Sees(b, query, j))
                {
                    continue;
                }

                float poison = (j % 3) switch { 0 => float.NaN, 1 => float.PositiveInfinity, _ => float.NegativeInfinity };
                x.K.AsSpan(((b * x.Capacity) + j) * x.KvHeads * x.HeadDim, x.KvHeads * x.HeadDim).Fill(poison);
                for (int h = 0; h < x.KvHeads; h++)
                {
                    x.V.AsSpan(((((b * x.KvHeads) + h) * x.Capacity) + j) * x.ValueDim, x.ValueDim).Fill(poison);
                }
            }
        }

        foreach (bool panels in (bool[])[true, false])
        {
            float[] actual = x.Run(_pool, panels).Output;
            int row = x.Heads * x.ValueDim;
            for (int b = 0; b < x.Batch; b++)
            {
                int at = ((b * x.Queries) + query) * row;
                actual[at..(at + row)].ShouldHaveBitsOf(expected[at..(at + row)], $"panels {panels}, batch {b}");
            }
        }
    }

    [Fact]
    public void Row12_RowThatSeesNothing_IsZero()
    {
        AttentionCase x = new AttentionCase
        {
            Batch = 2,
            Queries = 3,
            Heads = 2,
            KvHeads = 1,
            HeadDim = 5,
            ValueDim = 21,
            Keys = 9,
            Limits = [-1, 4, 8, 2, 5, 8],
            FirstKeys = [0, 6],
        }.Fill(1);
        (float[] output, float[] lse) = x.Run(_pool, panels: true);
        int row = 2 * 21;
        output[..row].ShouldAllBe(v => v == 0f);
        output[row..(2 * row)].ShouldAllBe(v => v != 0f);
        output[(3 * row)..(5 * row)].ShouldAllBe(v => v == 0f);
        lse[0].ShouldBe(float.NegativeInfinity);
        lse[1].ShouldBeInRange(-50f, 50f);
    }

    [Fact]
    public void Row12_LeftPaddedBatch_EqualsSingleRows()
    {
        const int Heads = 3, Dim = 8, Keys = 70, Pad = 23;
        AttentionCase padded = new AttentionCase
        {
            Batch = 2,
            Queries = Keys,
            Heads = Heads,
            KvHeads = Heads,
            HeadDim = Dim,
            ValueDim = Dim,
            Keys = Keys,
            Limits = AttentionCase.Causal(2, Keys, Keys),
            FirstKeys = [Pad, 0],
        }.Fill(7);
        float[] both = padded.Run(_pool, panels: true).Output;

        AttentionCase full = new AttentionCase
        {
            Queries = Keys,
            Heads = Heads,
            KvHeads = Heads,
            HeadDim = Dim,
            ValueDim = Dim,
            Keys = Keys,
            Limits = AttentionCase.Causal(1, Keys, Keys),
        }.Fill(0);
        full.Q = padded.Q[full.Q.Length..];
        full.K = padded.K[full.K.Length..];
        full.V = padded.V[full.V.Length..];
        full.Run(_pool, panels: false).Output.ShouldHaveBitsOf(both[(both.Length / 2)..], "the row without padding");

        const int Rest = Keys - Pad;
        AttentionCase single = new AttentionCase
        {
            Queries = Rest,
            Heads = Heads,
            KvHeads = Heads,
            HeadDim = Dim,
            ValueDim = Dim,
            Keys = Rest,
            Limits = AttentionCase.Causal(1, Rest, Rest),
        }.Fill(0);
        single.Q = padded.Q[(Pad * Heads * Dim)..(Keys * Heads * Dim)];
        single.K = padded.K[(Pad * Heads * Dim)..(Keys * Heads * Dim)];
        single.V = [.. Enumerable.Range(0, Heads).SelectMany(h => padded.V[(((h * Keys) + Pad) * Dim)..((h + 1) * Keys * Dim)])];
        float[] alone = single.Run(_pool, panels: false).Output;
        float[] part = both[(Pad * Heads * Dim)..(Keys * Heads * Dim)];
        for (int i = 0; i < alone.Length; i++)
        {
            part[i].ShouldBe(alone[i], 1e-5f); // other tile borders: other rounding
        }
    }

    [Fact]
    public void Run_NaNScoreInAVisibleKey_SpreadsOverItsRow()
    {
        AttentionCase x = new AttentionCase { Queries = 2, Keys = 2, HeadDim = 4, ValueDim = 4, Limits = [0, 1] }.Fill(3);
        x.K[0] = float.NaN;
        x.Run(_pool, panels: true).Output.ShouldAllBe(v => float.IsNaN(v));
    }

    [Fact]
    public void Run_LimitBeyondCapacity_Throws()
    {
        AttentionCase x = new AttentionCase { Keys = 4, Limits = [4] }.Fill(1);
        Should.Throw<ArgumentException>(() => x.Run(_pool, panels: true)).Message.ShouldContain("limit 4 of query 0 in batch row 0; need one from -1 to 3");
    }

    [Fact]
    public void Run_HeadsNotDivisible_Throws()
    {
        AttentionCase x = new AttentionCase { Heads = 3, KvHeads = 2, Limits = [0] }.Fill(1);
        Should.Throw<ArgumentException>(() => x.Run(_pool, panels: false)).Message.ShouldContain("heads 3, kv heads 2");
    }
}
