using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>The training kernels against their scalar twins, bit by bit.</summary>
public sealed class FlashAttentionTrainingTests : IDisposable
{
    private static readonly string[] Names = ["output", "logsumexp", "dq", "dk", "dv", "gradient by distance", "gradient of the bias", "gradient of the sinks", "choice"];

    private readonly WorkerPool _one = new(1), _two = new(2), _three = new(3);

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
        _three.Dispose();
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 60)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void F2_Run_EveryInstructionSetAndThreadCount_HasTheBitsOfTheScalarTwin(int seed) => CheckTwins(TrainingCase.Random(seed));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void F2_RunModified_EveryInstructionSetAndThreadCount_HasTheBitsOfTheScalarTwin(int seed) => CheckTwins(TrainingCase.RandomModified(seed));

    private void CheckTwins(TrainingCase x)
    {
        float[][] expected = x.RunScalar();
        Check(x.Run(_one), expected, "1 thread");
        Check(x.Run(_two), expected, "2 threads");
        Check(x.Run(_three), expected, "3 threads");
        Check(x.RunParts<FloatLanes512, Vector512<float>, Sixteen512, Vector512<float>>(), expected, "512 bits");
        Check(x.RunParts<FloatLanes256, Vector256<float>, Sixteen256, Pair256>(), expected, "256 bits");
        Check(x.RunParts<FloatLanes128, Vector128<float>, Sixteen128, Quad128>(), expected, "128 bits");
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Weights_AnyThreadCount_SumToTheColumnsAndToOneMinusTheSink(int seed)
    {
        TrainingCase x = TrainingCase.RandomModified(seed);
        float[][] results = x.Run(_one);
        (float[] rows, float[] columns) = x.RunWeights(_one, results);
        (float[] otherRows, float[] otherColumns) = x.RunWeights(_three, results);
        otherRows.ShouldHaveBitsOf(rows, "rows");
        otherColumns.ShouldHaveBitsOf(columns, "columns");
        for (int row = 0; row < results[1].Length; row++)
        {
            float lse = results[1][row], sink = x.HasSinks ? MathF.Exp(x.Sinks[row / x.Queries % x.Heads] - lse) : 0f;
            rows.AsSpan(row * x.Keys, x.Keys).ToArray().Sum().ShouldBe(float.IsNegativeInfinity(lse) ? 0f : 1f - sink, 1e-5f);
        }

        for (int at = 0; at < columns.Length; at++)
        {
            int head = at / x.Keys, key = at % x.Keys;
            Enumerable.Range(0, x.Queries).Sum(i => rows[(((head * x.Queries) + i) * x.Keys) + key]).ShouldBe(columns[at], 1e-4f);
        }
    }

    private static void Check(float[][] actual, float[][] expected, string what)
    {
        for (int i = 0; i < Names.Length; i++)
        {
            actual[i].ShouldHaveBitsOf(expected[i], $"{what}, {Names[i]}");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Row12_NaNAndInfinityInUnseenSlots_LeakNeitherForwardNorBackward(int seed) => CheckLeaks(TrainingCase.Random(seed), seed);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Row12_NaNAndInfinityInUnseenSlotsOfModifiedScores_LeakNeitherForwardNorBackward(int seed) => CheckLeaks(TrainingCase.RandomModified(seed), seed);

    private void CheckLeaks(TrainingCase x, int seed)
    {
        float[][] expected = x.Run(_two);
        bool[] poisonedKeys = new bool[x.Batch * x.Keys], poisonedQueries = new bool[x.Batch * x.Queries];

        // Poison the keys that one query does not see, and the gradients of queries that see none of the rest.
        int query = x.Queries / 2;
        for (int b = 0; b < x.Batch && x.Queries > 0; b++)
        {
            for (int j = 0; j < x.Keys; j++)
            {
                poisonedKeys[(b * x.Keys) + j] = !x.SeesInAnyHead(b, query, j) && (j + seed) % 3 != 0;
            }

            for (int i = 0; i < x.Queries; i++)
            {
                poisonedQueries[(b * x.Queries) + i] = !Enumerable.Range(0, x.Keys).Any(j => x.SeesInAnyHead(b, i, j) && x.SeesInAnyHead(b, query, j));
            }
        }

        Poison(x.K, x.KvHeads * x.HeadDim, poisonedKeys);
        Poison(x.V, x.KvHeads * x.ValueDim, poisonedKeys);
        Poison(x.Q, x.Heads * x.HeadDim, poisonedQueries);
        Poison(x.Gradient, x.Heads * x.ValueDim, poisonedQueries);
        float[][] actual = x.Run(_two), scalar = x.RunScalar();
        Check(actual, scalar, "poisoned");

        bool[] cleanQueries = [.. Enumerable.Range(0, x.Batch * x.Queries).Select(r => !poisonedQueries[r]
            && !Enumerable.Range(0, x.Keys).Any(j => poisonedKeys[(r / x.Queries * x.Keys) + j] && x.SeesInAnyHead(r / x.Queries, r % x.Queries, j)))];
        bool[] cleanKeys = [.. Enumerable.Range(0, x.Batch * x.Keys).Select(r => !poisonedKeys[r]
            && !Enumerable.Range(0, x.Queries).Any(i => !cleanQueries[(r / x.Keys * x.Queries) + i] && x.SeesInAnyHead(r / x.Keys, i, r % x.Keys)))];
        Same(actual[0], expected[0], x.Heads * x.ValueDim, cleanQueries, "output");
        Same(actual[2], expected[2], x.Heads * x.HeadDim, cleanQueries, "dq");
        Same(actual[3], expected[3], x.KvHeads * x.HeadDim, cleanKeys, "dk");
        Same(actual[4], expected[4], x.KvHeads * x.ValueDim, cleanKeys, "dv");
    }

    private static void Poison(float[] values, int row, bool[] rows)
    {
        for (int r = 0; r < rows.Length; r++)
        {
            if (rows[r])
            {
                values.AsSpan(r * row, row).Fill((r % 3) switch { 0 => float.NaN, 1 => float.PositiveInfinity, _ => float.NegativeInfinity });
            }
        }
    }

    private static void Same(float[] actual, float[] expected, int row, bool[] rows, string what)
    {
        for (int r = 0; r < rows.Length; r++)
        {
            if (rows[r])
            {
                actual[(r * row)..((r + 1) * row)].ShouldHaveBitsOf(expected[(r * row)..((r + 1) * row)], $"{what} of row {r}");
            }
        }
    }

    [Fact]
    public void Row12_QueryThatSeesNothing_GivesAndGetsZero()
    {
        TrainingCase x = new TrainingCase { Queries = 3, Keys = 4, Limits = [-1, 1, 3], Firsts = [0, 2, 2] }.Fill(1);
        float[][] results = x.Run(_one);
        results[0][..16].ShouldAllBe(value => value == 0f);
        results[1][..2].ShouldAllBe(value => float.IsNegativeInfinity(value));
        results[2][..16].ShouldAllBe(value => value == 0f);
        results[3][..16].ShouldAllBe(value => value == 0f);
        results[4][..16].ShouldAllBe(value => value == 0f);
        results[4][16..].ShouldAllBe(value => value != 0f);
    }

    [Fact]
    public void Dropout_RateOfAThird_DropsAThirdAndKeepsTheMean()
    {
        // Equal scores and one-hot values show each probability: 1 / keys / (1 - rate) where kept.
        const int Seq = 256;
        TrainingCase x = new TrainingCase { Queries = Seq, Keys = Seq, HeadDim = 4, ValueDim = Seq, Rate = 1f / 3, Limits = [.. Enumerable.Repeat(Seq - 1, Seq)] }.Fill(1);
        Array.Clear(x.K);
        x.V = [.. Enumerable.Range(0, Seq * Seq).Select(i => i / Seq == i % Seq ? 1f : 0f)];
        float[] output = x.Run(_two)[0];
        double dropped = output.Count(value => value == 0f) / (double)output.Length;
        dropped.ShouldBe(1.0 / 3, 5 * Math.Sqrt(2.0 / 9 / output.Length)); // five standard deviations of a binomial share
        output.Where(value => value != 0f).ShouldAllBe(value => Math.Abs(value - (1.5f / Seq)) < 1e-8f);
        double neighbours = Enumerable.Range(0, output.Length - 1).Count(i => output[i] == 0f && output[i + 1] == 0f) / (double)output.Length;
        neighbours.ShouldBe(1.0 / 9, 0.01);
        x.Seed++;
        float[] other = x.Run(_two)[0];
        double both = Enumerable.Range(0, output.Length).Count(i => output[i] == 0f && other[i] == 0f) / (double)output.Length;
        both.ShouldBe(1.0 / 9, 0.01);
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(-0.1f)]
    [InlineData(float.NaN)]
    public void Dropout_RateOutOfRange_Throws(float rate)
    {
        TrainingCase x = new TrainingCase { Limits = [0], Rate = rate }.Fill(1);
        Should.Throw<ArgumentException>(() => x.Run(_one)).Message.ShouldContain("dropout rate");
    }

    [Fact]
    public void Run_MemoryTooShort_Throws()
    {
        TrainingCase x = new TrainingCase { Keys = 3, Limits = [0] }.Fill(1);
        x.K = x.K[1..];
        Should.Throw<ArgumentException>(() => x.Run(_one)).Message.ShouldContain("k holds 23 floats; [1, 3, 1, 8]");
    }
}
