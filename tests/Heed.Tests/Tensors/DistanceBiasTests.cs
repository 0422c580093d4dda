using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class DistanceBiasTests
{
    [Fact]
    public void Row19_Alibi_IsAddedAfterTheScaleAndCountsFromTheQuery()
    {
        // All products are 0: with heads of 16 a bias added before the scale would be a quarter.
        const int Heads = 8, Seq = 6;
        Tensor x = Tensor.Zeros(new Shape(1, Seq, Heads, 16));
        AttentionResult result = Ops.AttentionWithWeights(x, x, x, new AttentionScores { DistanceBias = DistanceBias.Alibi(Heads, Seq, Seq) });
        float[] weights = result.Weights((0, 0, 5), (0, 2, 5)).ToArray();
        MathF.Log(weights[1] / weights[5]).ShouldBe(-4 * 0.5f, 1e-5f); // query 5, key 1: four back, the wrong answer is five
        MathF.Log(weights[Seq + 1] / weights[Seq + 5]).ShouldBe(-4 * 0.125f, 1e-5f);
    }

    /// <summary>Ends of buckets as PyTorch 1.13 computes them by the published formula: (first distance, bucket) … from −300 to 300.</summary>
    [Theory]
    [InlineData(true, 32, 128, "-300:15 -90:14 -63:13 -45:12 -31:11 -22:10 -15:9 -11:8 -7:7 -6:6 -5:5 -4:4 -3:3 -2:2 -1:1 0:0 1:17 2:18 3:19 4:20 5:21 6:22 7:23 8:24 12:25 16:26 23:27 32:28 46:29 64:30 91:31")]
    [InlineData(false, 32, 128, "-300:31 -112:30 -98:29 -86:28 -76:27 -66:26 -58:25 -51:24 -45:23 -39:22 -34:21 -30:20 -26:19 -23:18 -20:17 -18:16 -15:15 -14:14 -13:13 -12:12 -11:11 -10:10 -9:9 -8:8 -7:7 -6:6 -5:5 -4:4 -3:3 -2:2 -1:1 0:0")]
    [InlineData(true, 8, 16, "-300:3 -5:2 -1:1 0:0 1:5 2:6 6:7")]
    [InlineData(false, 16, 100, "-300:15 -72:14 -53:13 -38:12 -28:11 -20:10 -15:9 -10:8 -7:7 -6:6 -5:5 -4:4 -3:3 -2:2 -1:1 0:0")]
    [InlineData(false, 32, 256, "-300:31 -215:30 -181:29 -152:28 -127:27 -107:26 -90:25 -76:24 -63:23 -53:22 -45:21 -38:20 -31:19 -26:18 -22:17 -19:16 -15:15 -14:14 -13:13 -12:12 -11:11 -10:10 -9:9 -8:8 -7:7 -6:6 -5:5 -4:4 -3:3 -2:2 -1:1 0:0")]
    public void T5Bucket_MatchesPyTorch(bool bidirectional, int buckets, int maxDistance, string stretches)
    {
        (int From, int Bucket)[] wanted = [.. stretches.Split(' ').Select(word => word.Split(':')).Select(pair => (int.Parse(pair[0]), int.Parse(pair[1])))];
        for (int distance = -300; distance <= 300; distance++)
            DistanceBias.T5Bucket(distance, bidirectional, buckets, maxDistance).ShouldBe(wanted.Last(stretch => stretch.From <= distance).Bucket, $"distance {distance}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void T5_QueriesAtTheEndOfTheKeys_BiasIsTheTablesAndLearns(bool bidirectional)
    {
        const int Queries = 3, Keys = 7, Heads = 2;
        Tensor q = Tensor.Zeros(new Shape(1, Queries, Heads, 4)), k = Tensor.Zeros(new Shape(1, Keys, Heads, 4)), table = Samples.Make(1, [8, Heads], Device.Cpu);
        Tensor bias = DistanceBias.T5(table, Queries, Keys, bidirectional, 16);
        bias.Shape.ShouldBe(new Shape(Heads, Queries + Keys - 1));
        AttentionResult result = Ops.AttentionWithWeights(q, k, k, new AttentionScores { DistanceBias = bias });
        float[] weights = result.Weights((0, 1, 0)).ToArray(), entries = table.ToArray();
        for (int j = 0; j < Keys; j++)
        {
            float wanted = entries[DistanceBias.T5Bucket(j - (Keys - Queries), bidirectional, 8, 16) * Heads + 1];
            (MathF.Log(weights[j]) + result.LogSumExp.ToArray()[Queries]).ShouldBe(wanted, 1e-5f, $"key {j}");
        }
        Shape x = new(1, 4, Heads, 3);
        GradientCheck.Run(t => Ops.Attention(t[0], t[1], t[2], new AttentionScores { Scale = 1, DistanceBias = DistanceBias.T5(t[3], 4, 4, bidirectional, 16) }), x, x, x, new Shape(8, Heads));
    }

    [Fact]
    public void T5Bucket_NumbersOutOfRange_Throw()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => DistanceBias.T5Bucket(1, true, 3, 128));
        Should.Throw<ArgumentOutOfRangeException>(() => DistanceBias.T5Bucket(1, false, 1, 128));
        Should.Throw<ArgumentOutOfRangeException>(() => DistanceBias.T5Bucket(1, false, 32, 16));
        Should.Throw<ArgumentException>(() => DistanceBias.T5(Tensor.Zeros(new Shape(8)), 2, 2, true)).Message.ShouldContain("[buckets, heads]");
        Should.Throw<ArgumentException>(() => DistanceBias.Alibi(2, -1, 2));
        Should.Throw<ArgumentException>(() => DistanceBias.Alibi(0, 1, 2));
    }
}
