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
        if (ranks.Rank == 1)
            using (Process kill = Process.Start("kill", $"-{signal} {Environment.ProcessId}"))
                kill.WaitForExit();
        return Forever(ranks);
    }

    private static int HangAtStart()
    {
        if (Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_RANK") == "1") Thread.Sleep(Timeout.Infinite);
        return Communicators.Run(Forever, new MpiOptions { StartTimeout = TimeSpan.FromSeconds(2) });
    }
}
