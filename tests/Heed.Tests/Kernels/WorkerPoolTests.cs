using System.Runtime.CompilerServices;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed class WorkerPoolTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Run_AnyPartsAndThreads_ExecutesEachPartOnce()
    {
        for (int threads = 1; threads <= 4; threads++)
        {
            using WorkerPool pool = new(threads);
            for (int parts = 0; parts <= 70; parts++)
            {
                CountJob job = new() { Counts = new int[parts] };
                pool.Run(ref job, parts);
                job.Counts.ShouldAllBe(count => count == 1, $"{threads} threads, {parts} parts");
            }
        }
    }

    [Fact]
    public void Run_TwoParts_RunAtTheSameTime()
    {
        using WorkerPool pool = new(2);
        for (int round = 0; round < 3; round++)
        {
            using Barrier barrier = new(2);
            MeetJob job = new() { Barrier = barrier, Met = new bool[2] };
            pool.Run(ref job, 2);
            job.Met.ShouldBe([true, true]);
            // Long enough for the worker to park, so that the next round must wake it.
            Thread.Sleep(60);
        }
    }

    [Fact]
    public void Run_JobWithState_GivesItBack()
    {
        using WorkerPool pool = new(3);
        SumJob job = default;
        pool.Run(ref job, 100);
        job.Sum.ShouldBe(4950);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_PartThrows_CallerGetsItWithItsStackAndThePoolGoesOn(int threads)
    {
        using WorkerPool pool = new(threads);
        for (int bad = 0; bad < 8; bad++)
        {
            ThrowJob job = new() { Bad = bad };
            FormatException thrown = Should.Throw<FormatException>(() => pool.Run(ref job, 8));
            thrown.Message.ShouldBe($"part {bad}");
            thrown.StackTrace.ShouldNotBeNull().ShouldContain(nameof(ThrowJob.ThrowFromDeepInside));
            CountJob next = new() { Counts = new int[8] };
            pool.Run(ref next, 8);
            next.Counts.ShouldAllBe(count => count == 1);
        }
    }

    [Fact]
    public void Run_AllPartsThrow_CallerGetsOneOfThem()
    {
        using WorkerPool pool = new(4);
        ThrowJob job = new() { Bad = -1 };
        Should.Throw<FormatException>(() => pool.Run(ref job, 16));
    }

    [Fact]
    public void Run_FromSeveralThreads_NoPartIsLostOrRepeated()
    {
        using WorkerPool pool = new(3);
        int wrong = 0;
        Thread[] callers = new Thread[4];
        for (int i = 0; i < callers.Length; i++)
        {
            int parts = 3 + (i * 5);
            callers[i] = new Thread(() =>
            {
                for (int round = 0; round < 500; round++)
                {
                    CountJob job = new() { Counts = new int[parts] };
                    pool.Run(ref job, parts);
                    if (Array.Exists(job.Counts, count => count != 1)) Interlocked.Increment(ref wrong);
                }
            });
            callers[i].Start();
        }
        foreach (Thread caller in callers) caller.Join(Patience).ShouldBeTrue("a caller hangs");
        wrong.ShouldBe(0);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(4)]
    public void Run_JobsFailBesideJobsThatDoNot_EachCallerGetsItsOwnOutcome(int threads)
    {
        using WorkerPool pool = new(threads);
        int wrong = 0;
        Thread[] callers = [.. Enumerable.Range(0, 5).Select(caller => new Thread(() =>
        {
            for (int round = 0; round < 300; round++)
                if (caller % 2 == 0 ? !Counts(pool, 7 + caller) : !Fails(pool, caller, round % 9)) Interlocked.Increment(ref wrong);
        }))];
        foreach (Thread caller in callers) caller.Start();
        foreach (Thread caller in callers) caller.Join(Patience).ShouldBeTrue("a caller hangs");
        wrong.ShouldBe(0);
        Counts(pool, 64).ShouldBeTrue();
    }

    [Fact]
    public void Run_CancelledInTheMiddle_LeavesOutTheRestAndThePoolGoesOn()
    {
        using WorkerPool pool = new(3);
        for (int round = 0; round < 20; round++)
        {
            using CancellationTokenSource stop = new();
            CancelJob job = new() { Stop = stop, At = 5 + round, Done = new int[1000] };
            Should.Throw<OperationCanceledException>(() => pool.Run(ref job, 1000)).CancellationToken.ShouldBe(stop.Token);
            job.Done.Count(done => done == 1).ShouldBeLessThan(1000);
            job.Done.Max().ShouldBe(1);
            Counts(pool, 50).ShouldBeTrue();
        }
    }

    [Fact]
    public void Run_WithinAJobThatFails_InnerAndOuterFailureReachTheirCallers()
    {
        using WorkerPool pool = new(3);
        for (int round = 0; round < 50; round++)
        {
            FailingNestJob job = new() { Pool = pool, Caught = new int[1] };
            Should.Throw<InvalidOperationException>(() => pool.Run(ref job, 6)).Message.ShouldBe("outer");
            job.Caught[0].ShouldBeGreaterThan(0);
            Counts(pool, 50).ShouldBeTrue();
        }
    }

    [Fact]
    public void Run_WithinAJob_RunsInline()
    {
        using WorkerPool pool = new(3);
        NestJob job = new() { Pool = pool, Totals = new int[6] };
        pool.Run(ref job, 6);
        job.Totals.ShouldAllBe(total => total == 5);
    }

    [Fact]
    public void Run_SteadyState_AllocatesNothing()
    {
        using WorkerPool pool = new(2);
        SumJob job = default;
        for (int i = 0; i < 50; i++) pool.Run(ref job, 8);
        SteadyState.ManagedBytes(() => { for (int i = 0; i < 50; i++) pool.Run(ref job, 8); }).ShouldBe(0);
    }

    [Fact]
    public void Dispose_ThreadsEnd_AndRunThrows()
    {
        WorkerPool pool = new(3);
        ThreadsJob job = new() { Threads = new Thread?[3], Barrier = new Barrier(3) };
        pool.Run(ref job, 3);
        pool.Dispose();
        pool.Dispose();
        job.Threads.Where(thread => thread != Thread.CurrentThread).ShouldAllBe(thread => !thread!.IsAlive);
        job.Threads.Distinct().Count().ShouldBe(3);
        SumJob late = default;
        Should.Throw<ObjectDisposedException>(() => pool.Run(ref late, 2));
        job.Barrier.Dispose();
    }

    [Fact]
    public void Dispose_WithinAJob_Throws()
    {
        using WorkerPool pool = new(2);
        DisposeJob job = new() { Pool = pool };
        Should.Throw<InvalidOperationException>(() => pool.Run(ref job, 4)).Message.ShouldContain("within a job");
    }

    [Fact]
    public void Constructor_NoThreads_Throws() => Should.Throw<ArgumentOutOfRangeException>(() => new WorkerPool(0));

    private static bool Counts(WorkerPool pool, int parts)
    {
        CountJob job = new() { Counts = new int[parts] };
        pool.Run(ref job, parts);
        return Array.TrueForAll(job.Counts, count => count == 1);
    }

    /// <summary>Whether the caller gets its own job's exception; bad part 8 stands for all.</summary>
    private static bool Fails(WorkerPool pool, int caller, int bad)
    {
        NamedThrowJob job = new() { Caller = caller, Bad = bad };
        try
        {
            pool.Run(ref job, 8);
            return false;
        }
        catch (FormatException e)
        {
            return e.Message.StartsWith($"caller {caller} ", StringComparison.Ordinal);
        }
    }

    private struct NamedThrowJob : IPoolJob
    {
        public int Caller, Bad;

        public readonly void Execute(int part)
        {
            if (part == Bad || Bad == 8) throw new FormatException($"caller {Caller} part {part}");
        }
    }

    private struct CancelJob : IPoolJob
    {
        public CancellationTokenSource Stop;
        public int At;
        public int[] Done;

        public readonly void Execute(int part)
        {
            if (part == At) Stop.Cancel();
            Stop.Token.ThrowIfCancellationRequested();
            Interlocked.Increment(ref Done[part]);
        }
    }

    private struct FailingNestJob : IPoolJob
    {
        public WorkerPool Pool;
        public int[] Caught;

        public readonly void Execute(int part)
        {
            NamedThrowJob inner = new() { Caller = part, Bad = 8 };
            try
            {
                Pool.Run(ref inner, 4);
            }
            catch (FormatException)
            {
                Interlocked.Increment(ref Caught[0]);
            }
            throw new InvalidOperationException("outer");
        }
    }

    private struct CountJob : IPoolJob
    {
        public int[] Counts;

        public readonly void Execute(int part) => Interlocked.Increment(ref Counts[part]);
    }

    private struct SumJob : IPoolJob
    {
        public int Sum;

        public void Execute(int part) => Interlocked.Add(ref Sum, part);
    }

    private struct MeetJob : IPoolJob
    {
        public Barrier Barrier;
        public bool[] Met;

        public readonly void Execute(int part) => Met[part] = Barrier.SignalAndWait(Patience);
    }

    private struct ThreadsJob : IPoolJob
    {
        public Thread?[] Threads;
        public Barrier Barrier;

        public readonly void Execute(int part)
        {
            Threads[part] = Thread.CurrentThread;
            Barrier.SignalAndWait(Patience);
        }
    }

    private struct ThrowJob : IPoolJob
    {
        public int Bad;

        public readonly void Execute(int part)
        {
            if (part == Bad || Bad < 0) ThrowFromDeepInside(part);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void ThrowFromDeepInside(int part) => throw new FormatException($"part {part}");
    }

    private struct NestJob : IPoolJob
    {
        public WorkerPool Pool;
        public int[] Totals;

        public readonly void Execute(int part)
        {
            CountJob inner = new() { Counts = new int[5] };
            Pool.Run(ref inner, 5);
            Totals[part] = inner.Counts.Sum();
        }
    }

    private struct DisposeJob : IPoolJob
    {
        public WorkerPool Pool;

        public readonly void Execute(int part) => Pool.Dispose();
    }
}
