using System.Diagnostics;

namespace Heed.Distributed.Mpi;

/// <summary>What all communicators of a process share: MPI between its start and its end, the watch and the alarm.</summary>
internal sealed unsafe class MpiWorld
{
    private const int ThreadMultiple = 3;
    private static readonly TimeSpan s_endTime = TimeSpan.FromSeconds(30), s_yieldTime = TimeSpan.FromMilliseconds(1), s_longestSleep = TimeSpan.FromMicroseconds(200);

    private readonly MpiAlarm _alarm;

    private MpiWorld(MpiLibrary library, MpiOptions options, MpiAlarm alarm, int rank, int size)
    {
        (Library, Options, _alarm, Rank, Size) = (library, options, alarm, rank, size);
        nint own = 0;
        library.Check("World", library.CommSplit(library.World, 0, rank, &own));
        Watch = new MpiWatch(library, own, rank, size, options, alarm);
    }

    public MpiLibrary Library { get; }

    public MpiOptions Options { get; }

    public MpiWatch Watch { get; }

    public int Rank { get; }

    public int Size { get; }

    /// <summary>Whether MPI has been ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Starts MPI.</summary>
    /// <exception cref="CommunicationException">It is not there, is another than the launcher's, or cannot serve several threads.</exception>
    public static MpiWorld Start(MpiLauncher launcher, MpiOptions options)
    {
        MpiLibrary library = MpiLibrary.Load(launcher, Environment.GetEnvironmentVariable(MpiLibrary.Variable));
        int started = 0, provided = 0, rank = 0, size = 0;
        library.Check("World", library.Initialized(&started));
        if (started != 0) throw new CommunicationException("World: MPI has been started in this process before; expected one world in a process.");
        MpiAlarm bell = new();
        bell.Set($"A rank failed: the ranks of this job have not met in MPI_Init within {options.StartTimeout.TotalSeconds:0.#} s; one of them has not started, or cannot reach the others.", options.StartTimeout);
        library.Check("World", library.InitThread(0, 0, ThreadMultiple, &provided));
        library.Check("World", library.CommSetErrhandler(library.World, library.ErrorsReturn));
        library.Check("World", library.CommRank(library.World, &rank));
        library.Check("World", library.CommSize(library.World, &size));
        string? wrong = null;
        if (launcher.Ranks > 0 && size != launcher.Ranks)
            wrong = $"World: the launcher started {launcher.Ranks} ranks ({launcher.Variable}), but {library.Version} sees {size}; expected the launcher's own MPI library (name it in {MpiLibrary.Variable}; with Slurm see srun --mpi=list).";
        else if (provided < ThreadMultiple)
            wrong = $"World: {library.Version} serves threads at level {provided}; expected {ThreadMultiple}, MPI_THREAD_MULTIPLE.";
        if (wrong is null) return new MpiWorld(library, options, bell, rank, size);
        bell.Off();
        throw new CommunicationException(wrong);
    }

    /// <summary>Collective: returns when all ranks have come here, and ends MPI.</summary>
    public void End()
    {
        Watch.Finish();
        _alarm.Set($"rank {Rank} failed: MPI_Finalize has not ended within {s_endTime.TotalSeconds:0} s.", s_endTime);
        HasEnded = true;
        Library.Check("Dispose", Library.Finalize());
        _alarm.Off();
        _alarm.Dispose();
    }

    /// <summary>Waits for a request: keeps the core for a moment, then lets others run, then sleeps a sixteenth of what it has waited.</summary>
    public void Wait(string operation, nint request, ReadOnlySpan<int> awaited)
    {
        int done = 0;
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            Library.Check(operation, Library.Test(&request, &done, Library.StatusIgnore));
            if (done != 0) return;
            TimeSpan waited = Stopwatch.GetElapsedTime(start);
            if (waited < Options.Spin) continue;
            if (waited < s_yieldTime) Thread.Yield();
            else
            {
                Watch.WhileWaiting(operation, awaited);
                NativeProcess.Sleep(waited / 16 < s_longestSleep ? waited / 16 : s_longestSleep);
            }
        }
    }
}
