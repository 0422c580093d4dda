using Heed.Distributed;

namespace Heed.Tests.Distributed;

public sealed class InProcessFailureTests
{
    [Fact(Timeout = 20_000)]
    public async Task Run_RankThatThrows_FailsAllWhoWaitAndRethrowsItsError()
    {
        RankFailedException?[] seen = new RankFailedException?[3];
        InvalidOperationException error = await Should.ThrowAsync<InvalidOperationException>(() => Task.Run(() => InProcessCommunicator.Run(3, ranks =>
        {
            if (ranks.Rank == 1) throw new InvalidOperationException("the paper tore");
            try
            {
                ranks.Barrier();
            }
            catch (RankFailedException failure)
            {
                seen[ranks.Rank] = failure;
                throw;
            }
        })));
        error.Message.ShouldBe("the paper tore");
        foreach (int rank in new[] { 0, 2 })
        {
            seen[rank]!.Message.ShouldBe("rank 1 failed: the paper tore");
            seen[rank]!.Rank.ShouldBe(1);
            seen[rank]!.InnerException.ShouldBe(error);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task Run_RankThatThrows_WakesWaitersOfOtherGroupsAndReceivers()
    {
        await Should.ThrowAsync<FormatException>(() => Task.Run(() => InProcessCommunicator.Run(4, world =>
        {
            ProcessGrid grid = new(world, 2);
            if (world.Rank == 3)
            {
                Thread.Sleep(50);
                throw new FormatException("torn");
            }
            if (world.Rank == 0) grid.Tensor.Receive(new int[1].AsSpan(), 1);
            else grid.Tensor.Barrier();
        })));
    }

    [Fact(Timeout = 20_000)]
    public async Task Run_RankThatEndsEarly_IsNotWaitedFor()
    {
        InvalidOperationException error = await Should.ThrowAsync<InvalidOperationException>(() => Task.Run(() => InProcessCommunicator.Run(2, ranks =>
        {
            if (ranks.Rank == 0) ranks.AllReduce(new float[3].AsSpan());
        })));
        error.Message.ShouldBe("AllReduce: rank 0 waits for rank 1, which has ended without this call.");
    }

    [Fact(Timeout = 20_000)]
    public async Task Run_Cancelled_EndsWaiting()
    {
        using CancellationTokenSource source = new(50);
        await Should.ThrowAsync<OperationCanceledException>(() => Task.Run(() => InProcessCommunicator.Run(
            2,
            ranks =>
            {
                if (ranks.Rank == 0) ranks.Barrier();
                else source.Token.WaitHandle.WaitOne();
            },
            source.Token)));
    }

    [Fact]
    public void AllReduce_OfOtherLengthsOrOperations_NamesBothRanks()
    {
        Should.Throw<InvalidOperationException>(() => InProcessCommunicator.Run(2, ranks => ranks.AllReduce(new float[4 + ranks.Rank].AsSpan())))
            .Message.ShouldContain("AllReduce of 5 Single");
        Should.Throw<InvalidOperationException>(() => InProcessCommunicator.Run(2, ranks =>
        {
            if (ranks.Rank == 0) ranks.Barrier();
            else ranks.Broadcast(new int[1].AsSpan());
        })).Message.ShouldContain("expected the same call on all ranks");
        Should.Throw<InvalidOperationException>(() => InProcessCommunicator.Run(2, ranks => ranks.Exchange(new int[1 + ranks.Rank], new int[1 + ranks.Rank], 1 - ranks.Rank)))
            .Message.ShouldContain("expected");
    }

    [Fact]
    public void Operations_WithWrongArguments_SayWhatIsExpected()
    {
        Should.Throw<NotSupportedException>(() => InProcessCommunicator.Run(1, ranks => ranks.AllReduce(new byte[1].AsSpan())))
            .Message.ShouldBe("AllReduce: the elements are Byte; expected Single, Double, BFloat16, Int32 or Int64.");
        Should.Throw<ArgumentException>(() => InProcessCommunicator.Run(2, ranks => ranks.AllGather<int>(new int[2], new int[3].AsSpan())))
            .Message.ShouldStartWith("AllGather: all has 3 elements and part 2; expected 4");
        Should.Throw<ArgumentException>(() => InProcessCommunicator.Run(2, ranks => ranks.ReduceScatter(new int[5].AsSpan(), new int[2])))
            .Message.ShouldStartWith("ReduceScatter: all has 5 elements and part 2; expected 4");
        Should.Throw<ArgumentException>(() => InProcessCommunicator.Run(2, ranks =>
        {
            int[] all = new int[4];
            ranks.ReduceScatter(all.AsSpan(), all.AsSpan(0, 2));
        })).Message.ShouldStartWith("ReduceScatter: part overlaps all");
        Should.Throw<ArgumentOutOfRangeException>(() => InProcessCommunicator.Run(2, ranks => ranks.Broadcast(new int[1].AsSpan(), 2)))
            .Message.ShouldStartWith("Broadcast: root is 2; expected 0 to 1.");
        Should.Throw<ArgumentOutOfRangeException>(() => InProcessCommunicator.Run(2, ranks => ranks.Send<int>([1], ranks.Rank)))
            .Message.ShouldContain("expected another rank than");
        Should.Throw<ArgumentException>(() => InProcessCommunicator.Run(2, ranks => ranks.Exchange<int>([1], new int[2].AsSpan(), 1 - ranks.Rank)))
            .Message.ShouldStartWith("Exchange: received has 2 elements; expected the 1 of sent.");
        Should.Throw<ArgumentOutOfRangeException>(() => InProcessCommunicator.Run(0, _ => { })).Message.ShouldStartWith("Run: size is 0");
        Should.Throw<ObjectDisposedException>(() => InProcessCommunicator.Run(1, ranks =>
        {
            ranks.Dispose();
            ranks.Barrier();
        }));
    }

    [Fact]
    public void Single_Operations_KeepWhatTheyAreGiven()
    {
        using SingleCommunicator one = new();
        int[] values = [3, 4], all = new int[2], part = new int[2];
        one.AllReduce(values.AsSpan());
        one.AllGather<int>(values, all.AsSpan());
        one.ReduceScatter(all.AsSpan(), part);
        one.Broadcast(part.AsSpan());
        one.Barrier();
        part.ShouldBe([3, 4]);
        one.Split(5, 1).Size.ShouldBe(1);
        one.Traffic.ShouldBe(new CommunicatorTraffic(0, 0, 6));
        Should.Throw<ArgumentOutOfRangeException>(() => one.Send<int>([1], 0));
        one.Dispose();
        Should.Throw<ObjectDisposedException>(one.Barrier);
    }
}
