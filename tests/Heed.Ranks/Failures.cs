using System.Diagnostics;
using Heed.Distributed;

namespace Heed.Ranks;

/// <summary>Jobs that go wrong.</summary>
internal static class Failures
{
    public static int Run(string mode, string[] args) => mode switch
    {
        "throws" => Communicators.Run(ranks => ranks.Rank == ranks.Size - 1 ? throw new InvalidOperationException("the paper tore") : Forever(ranks)),
        "all-throw" => Communicators.Run(_ => throw new InvalidOperationException("no paper")),
        "exits-with-code" => Communicators.Run(ranks => ranks.Rank == 0 ? 7 : Forever(ranks)),
        "killed" => Communicators.Run(ranks => Signalled(ranks, "KILL")),
        "told-together" => Communicators.Run(ranks => throw Agreed(ranks)),
        "unequal" => Communicators.Run(Unequal),
        "stops-before-the-end" => Communicators.Run(StopBeforeTheEnd),
        "sleeps" => Communicators.Run(Sleep),
        "stopped" => Communicators.Run(ranks => Signalled(ranks, "STOP")),
        "computes" => Communicators.Run(ranks => ranks.Rank == 0 ? throw new InvalidOperationException("the paper tore") : Compute()),
        "ends-early" => Communicators.Run(ranks => ranks.Rank == 0 ? 0 : Forever(ranks)),
        "never-starts" => Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_RANK") == "1" ? 3 : Communicators.Run(Forever),
        "hangs-at-start" => HangAtStart(),
        _ => throw new ArgumentException($"Ranks: the mode is '{mode}'; expected one that Program.cs or Failures.cs names.", nameof(mode)),
    };

    public static int Differ(ICommunicator ranks)
    {
        Agreement.Check(ranks, ("the model", "A"), ("option --steps", ranks.Rank == 1 ? "20" : "10"));
        return 0;
    }

    private static int Forever(ICommunicator ranks)
    {
        float[] values = new float[1000];
        while (true) ranks.AllReduce(values.AsSpan());
    }

    private static int Compute()
    {
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    private static int Signalled(ICommunicator ranks, string signal)
    {
        ranks.Barrier();
        if (ranks.Rank == 1) Kill(signal, Environment.ProcessId);
        return Forever(ranks);
    }

    private static void Kill(string signal, int process)
    {
        using Process kill = Process.Start("kill", $"-{signal} {process}");
        kill.WaitForExit();
    }

    // As all ranks throw when they have found together that rank 0 failed.
    private static Exception Agreed(ICommunicator ranks)
    {
        ranks.Barrier();
        return ranks.Rank == 0 ? new IOException("the disk is full") : new RankFailedException(0, "the disk is full");
    }

    private static int Unequal(ICommunicator ranks)
    {
        int length = ranks.Rank == 0 ? 10 : 20;
        try
        {
            ranks.Exchange(new int[length], new int[length], 1 - ranks.Rank);
        }
        catch (CommunicationException)
        {
            Console.Error.WriteLine("memory was let go that MPI may still use");
        }
        ranks.Barrier();
        return 0;
    }

    // Rank 2 stands still, so that rank 1, which fails, waits for it to hear of that; in that time rank 0 stops rank 1, which should end the job.
    private static int StopBeforeTheEnd(ICommunicator ranks)
    {
        int[] processes = Processes(ranks);
        if (ranks.Rank == 2) Kill("STOP", processes[2]);
        Thread.Sleep(500);
        if (ranks.Rank == 1) throw new InvalidOperationException("the paper tore");
        Thread.Sleep(700);
        Kill("STOP", processes[1]);
        return Forever(ranks);
    }

    // All ranks stand still, as on a machine that sleeps, and go on.
    private static int Sleep(ICommunicator ranks)
    {
        string processes = string.Join(' ', Processes(ranks));
        long start = Stopwatch.GetTimestamp();
        if (ranks.Rank == 0) Process.Start("sh", ["-c", $"kill -STOP {processes}; sleep 5; kill -CONT {processes}"]).Dispose();
        int[] over = [0];
        while (over[0] == 0)
        {
            Thread.Sleep(100);
            over[0] = Stopwatch.GetElapsedTime(start).TotalSeconds > 7 ? 1 : 0;
            ranks.AllReduce(over.AsSpan(), Reduction.Max);
        }
        return 0;
    }

    private static int[] Processes(ICommunicator ranks)
    {
        int[] all = new int[ranks.Size];
        ranks.AllGather([Environment.ProcessId], all.AsSpan());
        return all;
    }

    private static int HangAtStart()
    {
        if (Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_RANK") == "1") Thread.Sleep(Timeout.Infinite);
        return Communicators.Run(Forever, new MpiOptions { StartTimeout = TimeSpan.FromSeconds(2) });
    }
}
