using FsCheck;
using FsCheck.Fluent;
using Heed.Distributed;

namespace Heed.Tests.Distributed;

public sealed class InProcessCommunicatorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void AllReduce_OfEveryType_IsTheSumOrTheGreatest(int size)
    {
        int length = 1000;
        float[][] given = Given(size, length);
        float[] sum = [.. Enumerable.Range(0, length).Select(i => given.Skip(1).Aggregate(given[0][i], (total, rank) => total + rank[i]))];
        float[] greatest = [.. Enumerable.Range(0, length).Select(i => given.Max(rank => rank[i]))];
        Everywhere(size, ranks => Reduced(ranks, given[ranks.Rank], Reduction.Sum)).ShouldBe(sum);
        Everywhere(size, ranks => Reduced(ranks, given[ranks.Rank], Reduction.Max)).ShouldBe(greatest);
        int[][] whole = [.. given.Select(rank => rank.Select(value => (int)(value * 1e6f)).ToArray())];
        Everywhere(size, ranks => Reduced(ranks, whole[ranks.Rank], Reduction.Sum)).ShouldBe([.. Enumerable.Range(0, length).Select(i => whole.Sum(rank => rank[i]))]);
        Everywhere(size, ranks => Reduced(ranks, whole[ranks.Rank], Reduction.Max)).ShouldBe([.. Enumerable.Range(0, length).Select(i => whole.Max(rank => rank[i]))]);
        Everywhere(size, ranks => Reduced(ranks, Array.ConvertAll(whole[ranks.Rank], value => value * (1L << 33)), Reduction.Sum)).ShouldBe([.. Enumerable.Range(0, length).Select(i => whole.Sum(rank => (long)rank[i]) << 33)]);
        Everywhere(size, ranks => Reduced(ranks, Array.ConvertAll(whole[ranks.Rank], value => (double)value), Reduction.Sum)).ShouldBe([.. Enumerable.Range(0, length).Select(i => whole.Sum(rank => (double)rank[i]))]);
    }

    [Fact]
    public void AllReduce_OfBFloat16_RoundsOnce()
    {
        // 256 + 1 is 256 in bfloat16, so that sums rounded one by one would stay there; 256 + 1 + 1 + 1 = 259 rounds to 260.
        float[] given = [256, 1, 1, 1];
        BFloat16[] sum = Everywhere(4, ranks => Reduced(ranks, [BFloat16.FromSingle(given[ranks.Rank])], Reduction.Sum));
        sum[0].ToSingle().ShouldBe(260);
        Everywhere(4, ranks => Reduced(ranks, [BFloat16.FromSingle(-given[ranks.Rank])], Reduction.Max))[0].ToSingle().ShouldBe(-1);
    }

    [Fact]
    public void AllReduce_OfAnyLength_IsTheSumInRankOrder()
    {
        // Lengths around the borders of shares and of stretches.
        int stretch = InProcessGroup.StretchBytes / sizeof(float);
        Gen<(int Size, int Length)> cases = from size in Gen.Choose(1, 4) from length in Gen.OneOf(Gen.Choose(0, 9), Gen.Choose(stretch - 3, stretch + 3), Gen.Choose(2 * stretch, 2 * stretch + 2)) select (size, length);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            float[][] given = Given(one.Size, one.Length);
            float[] sum = [.. given[0]];
            foreach (float[] rank in given.Skip(1))
                for (int i = 0; i < sum.Length; i++) sum[i] += rank[i];
            Everywhere(one.Size, ranks => Reduced(ranks, given[ranks.Rank], Reduction.Sum)).ShouldBe(sum);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 0)]
    [InlineData(3, 70_000)]
    [InlineData(4, 7)]
    public void AllGather_OfAnyType_PutsPartsInOrder(int size, int length)
    {
        (byte, int)[] all = Everywhere(size, ranks =>
        {
            (byte, int)[] gathered = new (byte, int)[size * length];
            Span<(byte, int)> own = gathered.AsSpan(ranks.Rank * length, length);
            for (int i = 0; i < length; i++) own[i] = ((byte)ranks.Rank, i);
            ranks.AllGather(own, gathered.AsSpan());
            return gathered;
        });
        all.ShouldBe([.. Enumerable.Range(0, size).SelectMany(rank => Enumerable.Range(0, length).Select(i => ((byte)rank, i)))]);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 0)]
    [InlineData(3, 70_000)]
    [InlineData(4, 7)]
    public void ReduceScatter_OfParts_IsTheRanksPartOfTheSum(int size, int length)
    {
        float[][] given = Given(size, size * length);
        float[][] parts = InProcessCommunicator.Run(size, ranks =>
        {
            float[] part = new float[length], all = [.. given[ranks.Rank]];
            ranks.ReduceScatter(all.AsSpan(), part);
            return part;
        });
        parts.SelectMany(part => part).ShouldBe(Everywhere(size, ranks => Reduced(ranks, given[ranks.Rank], Reduction.Sum)));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 2)]
    [InlineData(4, 1)]
    public void Broadcast_FromARoot_GivesAllTheRoots(int size, int root)
    {
        Everywhere(size, ranks =>
        {
            char[] text = ranks.Rank == root ? [.. new string('x', 200_000)] : new char[200_000];
            ranks.Broadcast(text.AsSpan(), root);
            return text;
        }).ShouldAllBe(letter => letter == 'x');
    }

    [Fact]
    public void Exchange_SendAndReceive_CarryBetweenPairs()
    {
        int[][] seen = InProcessCommunicator.Run(4, ranks =>
        {
            int[] received = new int[2];
            ranks.Exchange([ranks.Rank, 7], received, ranks.Rank ^ 1);
            if (ranks.Rank == 0) ranks.Send<int>([41, 42], 3);
            if (ranks.Rank == 3) ranks.Receive(received.AsSpan(), 0);
            return received;
        });
        seen.ShouldBe([[1, 7], [0, 7], [3, 7], [41, 42]]);
    }

    [Fact]
    public void Split_IntoAGrid_MakesRowsAndColumns()
    {
        int[][] seen = InProcessCommunicator.Run(4, world =>
        {
            ProcessGrid grid = new(world, 2);
            int[] row = [1 << world.Rank], column = [1 << world.Rank];
            grid.Tensor.AllReduce(row.AsSpan());
            grid.Data.AllReduce(column.AsSpan());
            return new[] { row[0], column[0], grid.Tensor.Rank, grid.Data.Rank };
        });
        seen.ShouldBe([[0b0011, 0b0101, 0, 0], [0b0011, 0b1010, 1, 0], [0b1100, 0b0101, 0, 1], [0b1100, 0b1010, 1, 1]]);
    }

    [Fact]
    public void Dispose_OfGrids_LetsTheirGroupsGo()
    {
        InProcessJob job = new(2, CancellationToken.None);
        InProcessGroup world = new(job, [0, 1]);
        Parallel.Invoke(() => MakeGrids(0), () => MakeGrids(1));
        job.Groups.ShouldBe(1);

        void MakeGrids(int rank)
        {
            InProcessCommunicator ranks = new(world, rank);
            for (int i = 0; i < 10; i++)
                using (ProcessGrid grid = new(ranks, 1 + (i % 2)))
                {
                    grid.Tensor.Barrier();
                    grid.Data.Dispose();
                }
        }
    }

    [Fact]
    public void Split_WithKeys_OrdersByThem() =>
        InProcessCommunicator.Run(3, ranks => ranks.Split(0, -ranks.Rank).Rank).ShouldBe([2, 1, 0]);

    [Fact]
    public void Traffic_OfEveryOperation_IsWhatTheTheorySays()
    {
        CommunicatorTraffic[] seen = InProcessCommunicator.Run(4, ranks =>
        {
            float[] values = new float[400], all = new float[1600];
            ranks.AllReduce(values.AsSpan());
            ranks.AllGather<float>(values, all.AsSpan());
            ranks.ReduceScatter(all.AsSpan(), values);
            ranks.Broadcast(values.AsSpan(), 2);
            ranks.Barrier();
            return ranks.Traffic;
        });
        // All-reduce 2(n−1)/n of 1600 bytes, gather and scatter (n−1) parts of 1600.
        seen[0].ShouldBe(new CommunicatorTraffic(2400 + 4800 + 4800, 6 + 3 + 3, 5));
        seen[2].Bytes.ShouldBe(2400 + 4800 + 4800 + 4800);
    }

    private static float[][] Given(int size, int length)
    {
        Random random = new(17 + length);
        return [.. Enumerable.Range(0, size).Select(_ => Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f).ToArray())];
    }

    private static T[] Reduced<T>(ICommunicator ranks, T[] values, Reduction reduction)
        where T : unmanaged
    {
        T[] own = [.. values];
        ranks.AllReduce(own.AsSpan(), reduction);
        return own;
    }

    // The same on all ranks, which is checked, so of the first.
    private static T[] Everywhere<T>(int size, Func<ICommunicator, T[]> body)
    {
        T[][] all = InProcessCommunicator.Run(size, body);
        foreach (T[] other in all) other.ShouldBe(all[0]);
        return all[0];
    }
}
