using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Heed.Distributed.Mpi;

/// <summary>
/// Watches over the ranks of a job, on a thread and a communicator of its own: each rank sends a beat to its right neighbour, a failure is
/// told to all, and all say when they have finished.
/// </summary>
internal sealed unsafe class MpiWatch
{
    private const int PollMs = 20, MessageBytes = 4096, Beat = 1, Failure = 2, Heard = 3, Finished = 4;

    private static readonly TimeSpan AcknowledgeTime = TimeSpan.FromSeconds(2), AbortTime = TimeSpan.FromSeconds(5), AfterEnd = TimeSpan.FromSeconds(5);

    private readonly MpiLibrary mpi;
    private readonly nint communicator;
    private readonly int rank, size;
    private readonly MpiOptions options;
    private readonly MpiAlarm alarm;
    private readonly Thread thread;
    private readonly AutoResetEvent woken = new(false);
    private readonly ManualResetEventSlim allFinished = new();
    private readonly long[] finishedAt;
    private readonly byte[] buffer = new byte[MessageBytes];
    private int finished, heard;
    private long heardAt, beatAt;
    private bool printed;
    private volatile string? ownFailure;
    private volatile bool told, finishing, stopping;

    /// <param name="mpi">The library.</param>
    /// <param name="communicator">All ranks; nobody else uses it.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="size">How many there are.</param>
    /// <param name="options">How long a rank may be silent.</param>
    /// <param name="alarm">Ends the process where MPI itself hangs.</param>
    public MpiWatch(MpiLibrary mpi, nint communicator, int rank, int size, MpiOptions options, MpiAlarm alarm)
    {
        (this.mpi, this.communicator, this.rank, this.size, this.options, this.alarm) = (mpi, communicator, rank, size, options, alarm);
        finishedAt = new long[size];
        heardAt = Stopwatch.GetTimestamp();
        thread = new Thread(Run) { IsBackground = true, Name = "MPI watch" };
        thread.Start();
    }

    /// <summary>Tells all ranks and ends the job; does not return.</summary>
    [DoesNotReturn]
    public void Fail(string message)
    {
        ownFailure ??= message;
        woken.Set();
        Thread.Sleep(Timeout.Infinite);
        throw new UnreachableException();
    }

    /// <summary>What a rank asks while it waits: never returns once the job has failed, and fails it where a rank that is waited for has ended.</summary>
    /// <param name="operation">What waits.</param>
    /// <param name="awaited">The ranks without which it cannot end.</param>
    public void WhileWaiting(string operation, ReadOnlySpan<int> awaited)
    {
        if (told || ownFailure is not null) Thread.Sleep(Timeout.Infinite);
        if (Volatile.Read(ref finished) == 0) return;
        foreach (int other in awaited)
        {
            long at = Volatile.Read(ref finishedAt[other]);
            if (at != 0 && Stopwatch.GetElapsedTime(at) > AfterEnd) Fail($"{operation}: rank {rank} waits for rank {other}, which has ended without this call.");
        }
    }

    /// <summary>Returns when all ranks have called it, and ends the watch.</summary>
    public void Finish()
    {
        finishing = true;
        woken.Set();
        allFinished.Wait();
        stopping = true;
        woken.Set();
        thread.Join();
        woken.Dispose();
        allFinished.Dispose();
    }

    private void Run()
    {
        try
        {
            bool saidFinished = false;
            while (!stopping)
            {
                alarm.Set($"rank {rank} failed: MPI has not answered for {options.SilenceTimeout.TotalSeconds:0.#} s.", told ? AbortTime : options.SilenceTimeout);
                Drain();
                if (!told) CheckNeighbours(ref saidFinished);
                woken.WaitOne(PollMs);
            }
        }
#pragma warning disable CA1031 // Whatever goes wrong here must end the job, not the thread.
        catch (Exception error)
#pragma warning restore CA1031
        {
            alarm.Set(string.Empty, AbortTime);
            PrintOnce(rank, $"the other ranks are out of reach: {error.Message}");
            End();
        }
    }

    private void CheckNeighbours(ref bool saidFinished)
    {
        if (ownFailure is { } message) FailAll(message);
        int left = (rank + size - 1) % size;
        if (finishing && !saidFinished)
        {
            saidFinished = true;
            Tell(Finished, [], wait: true);
        }
        if (saidFinished && finished == size - 1) allFinished.Set();
        if (size == 1) return;
        if (!saidFinished && Stopwatch.GetElapsedTime(beatAt) > Min(options.SilenceTimeout / 6, TimeSpan.FromSeconds(5)))
        {
            beatAt = Stopwatch.GetTimestamp();
            Send((rank + 1) % size, Beat, [], wait: false);
        }
        if (finishedAt[left] == 0 && Stopwatch.GetElapsedTime(heardAt) > options.SilenceTimeout)
            FailAll($"rank {left} has been silent for {options.SilenceTimeout.TotalSeconds:0.#} s; it has stopped, or its host or the link to it is gone.");
    }

    private void Drain()
    {
        while (mpi.TryReceive(communicator, buffer, out int source, out int tag, out int length))
            switch (tag)
            {
                case Beat:
                    heardAt = Stopwatch.GetTimestamp();
                    break;
                case Failure:
                    // Before the sender hears of it: then it ends the job.
                    if (ownFailure is { } own) PrintOnce(rank, own);
                    else PrintOnce(source, Encoding.UTF8.GetString(buffer, 0, length));
                    told = true;
                    Send(source, Heard, [], wait: false);
                    break;
                case Heard:
                    heard++;
                    break;
                case Finished:
                    Volatile.Write(ref finishedAt[source], Stopwatch.GetTimestamp());
                    Interlocked.Increment(ref finished);
                    break;
            }
    }

    // The first failure is everyone's; others print it before this rank ends the job for all.
    [DoesNotReturn]
    private void FailAll(string message)
    {
        ownFailure ??= message;
        alarm.Set(string.Empty, AcknowledgeTime + AbortTime);
        PrintOnce(rank, message);
        byte[] text = Encoding.UTF8.GetBytes(message);
        Tell(Failure, text.AsSpan(0, Math.Min(text.Length, MessageBytes)), wait: false);
        for (long start = Stopwatch.GetTimestamp(); heard < size - 1 && Stopwatch.GetElapsedTime(start) < AcknowledgeTime; Thread.Sleep(1)) Drain();
        End();
    }

    [DoesNotReturn]
    private void End()
    {
        _ = mpi.Abort(mpi.World, 1);
        NativeProcess.Exit(1);
        throw new UnreachableException();
    }

    private void Tell(int tag, ReadOnlySpan<byte> text, bool wait)
    {
        for (int other = 0; other < size; other++)
            if (other != rank) Send(other, tag, text, wait);
    }

    // Messages this short leave at once; those that do not wait for that stay in memory for as long as the process lives.
    private void Send(int to, int tag, ReadOnlySpan<byte> text, bool wait)
    {
        byte* copy = null;
        if (text.Length > 0)
        {
            copy = (byte*)NativeMemory.Alloc((nuint)text.Length);
            text.CopyTo(new Span<byte>(copy, text.Length));
        }
        nint request = 0;
        int done = 0;
        mpi.Check("Watch", mpi.Isend(copy, text.Length, mpi.Byte, to, tag, communicator, &request));
        do mpi.Check("Watch", mpi.Test(&request, &done, mpi.StatusIgnore));
        while (wait && done == 0);
    }

    // On the watch's thread alone.
    private void PrintOnce(int failed, string message)
    {
        if (printed) return;
        printed = true;
        ErrorOutput.Write($"rank {failed} failed: {message}");
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
