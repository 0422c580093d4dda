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

    // The watch runs every 20 ms; what is far more was not its time.
    private const double StandstillSeconds = 1;

    private static readonly TimeSpan s_acknowledgeTime = TimeSpan.FromSeconds(2), s_abortTime = TimeSpan.FromSeconds(5), s_afterEnd = TimeSpan.FromSeconds(5);

    private readonly MpiLibrary _mpi;
    private readonly nint _communicator;
    private readonly int _rank, _size;
    private readonly MpiOptions _options;
    private readonly MpiAlarm _alarm;
    private readonly Thread _thread;
    private readonly AutoResetEvent _woken = new(false);
    private readonly ManualResetEventSlim _allFinished = new();
    private readonly long[] _finishedAt;
    private readonly byte[] _buffer = new byte[MessageBytes];
    private int _finished, _heard;
    private long _heardAt, _beatAt, _roundAt;
    private bool _printed;
    private volatile string? _ownFailure;
    private volatile bool _told, _finishing, _stopping;

    /// <param name="mpi">The library.</param>
    /// <param name="communicator">All ranks; nobody else uses it.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="size">How many there are.</param>
    /// <param name="options">How long a rank may be silent.</param>
    /// <param name="alarm">Ends the process where MPI itself hangs.</param>
    public MpiWatch(MpiLibrary mpi, nint communicator, int rank, int size, MpiOptions options, MpiAlarm alarm)
    {
        (_mpi, _communicator, _rank, _size, _options, _alarm) = (mpi, communicator, rank, size, options, alarm);
        _finishedAt = new long[size];
        _heardAt = _roundAt = Stopwatch.GetTimestamp();
        _thread = new Thread(Run) { IsBackground = true, Name = "MPI watch" };
        _thread.Start();
    }

    /// <summary>Tells all ranks and ends the job; does not return.</summary>
    [DoesNotReturn]
    public void Fail(string message) => PassOn($"rank {_rank} failed: {message}");

    /// <summary>As <see cref="Fail"/>, with the line that all ranks print, which may be of another rank's failure.</summary>
    [DoesNotReturn]
    public void PassOn(string line)
    {
        _ownFailure ??= line;
        _woken.Set();
        Thread.Sleep(Timeout.Infinite);
        throw new UnreachableException();
    }

    /// <summary>What a rank asks while it waits: never returns once the job has failed, and fails it where a rank that is waited for has ended.</summary>
    /// <param name="operation">What waits.</param>
    /// <param name="awaited">The ranks without which it cannot end.</param>
    public void WhileWaiting(string operation, ReadOnlySpan<int> awaited)
    {
        if (_told || _ownFailure is not null) Thread.Sleep(Timeout.Infinite);
        if (Volatile.Read(ref _finished) == 0) return;
        foreach (int other in awaited)
        {
            long at = Volatile.Read(ref _finishedAt[other]);
            if (at != 0 && Stopwatch.GetElapsedTime(at) > s_afterEnd) Fail($"{operation}: rank {_rank} waits for rank {other}, which has ended without this call.");
        }
    }

    /// <summary>Returns when all ranks have called it, and ends the watch.</summary>
    public void Finish()
    {
        _finishing = true;
        _woken.Set();
        _allFinished.Wait();
        _stopping = true;
        _woken.Set();
        _thread.Join();
        _woken.Dispose();
        _allFinished.Dispose();
    }

    private void Run()
    {
        try
        {
            bool saidFinished = false;
            while (!_stopping)
            {
                // Once told, the time for the end runs; see Drain.
                if (!_told) _alarm.Set($"rank {_rank} failed: MPI has not answered for {_options.SilenceTimeout.TotalSeconds:0.#} s.", _options.SilenceTimeout);
                SkipStandstill();
                Drain();
                if (!_told) CheckNeighbours(ref saidFinished);
                _woken.WaitOne(PollMs);
            }
        }
#pragma warning disable CA1031 // Whatever goes wrong here must end the job, not the thread.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _alarm.Set(string.Empty, s_abortTime);
            PrintOnce($"rank {_rank} failed: the other ranks are out of reach: {error.Message}");
            End();
        }
    }

    // A process that was stopped and goes on has heard nothing all that time, of which its neighbour is not to blame.
    private void SkipStandstill()
    {
        long now = Stopwatch.GetTimestamp(), gap = now - _roundAt;
        _roundAt = now;
        if (gap > StandstillSeconds * Stopwatch.Frequency) _heardAt += gap;
    }

    private void CheckNeighbours(ref bool saidFinished)
    {
        if (_ownFailure is { } line) FailAll(line);
        int left = (_rank + _size - 1) % _size;
        if (_finishing && !saidFinished)
        {
            saidFinished = true;
            Tell(Finished, [], wait: true);
        }
        if (saidFinished && _finished == _size - 1) _allFinished.Set();
        if (_size == 1) return;
        if (!saidFinished && Stopwatch.GetElapsedTime(_beatAt) > Min(_options.SilenceTimeout / 6, TimeSpan.FromSeconds(5)))
        {
            _beatAt = Stopwatch.GetTimestamp();
            Send((_rank + 1) % _size, Beat, [], wait: false);
        }
        if (_finishedAt[left] == 0 && Stopwatch.GetElapsedTime(_heardAt) > _options.SilenceTimeout)
            FailAll($"rank {_rank} failed: rank {left} has been silent for {_options.SilenceTimeout.TotalSeconds:0.#} s; it has stopped, or its host or the link to it is gone.");
    }

    private void Drain()
    {
        while (_mpi.TryReceive(_communicator, _buffer, out int source, out int tag, out int length))
            switch (tag)
            {
                case Beat:
                    _heardAt = Stopwatch.GetTimestamp();
                    break;
                case Failure:
                    // Before the sender hears of it: then it ends the job.
                    PrintOnce(_ownFailure ?? Encoding.UTF8.GetString(_buffer, 0, length));
                    // Set once: who told may itself hang before it ends the job.
                    if (!_told) _alarm.Set(string.Empty, s_acknowledgeTime + s_abortTime);
                    _told = true;
                    Send(source, Heard, [], wait: false);
                    break;
                case Heard:
                    _heard++;
                    break;
                case Finished:
                    Volatile.Write(ref _finishedAt[source], Stopwatch.GetTimestamp());
                    Interlocked.Increment(ref _finished);
                    break;
            }
    }

    // The first failure is everyone's; others print it before this rank ends the job for all.
    [DoesNotReturn]
    private void FailAll(string line)
    {
        _ownFailure ??= line;
        _alarm.Set(string.Empty, s_acknowledgeTime + s_abortTime);
        PrintOnce(line);
        byte[] text = Encoding.UTF8.GetBytes(line);
        Tell(Failure, text.AsSpan(0, Math.Min(text.Length, MessageBytes)), wait: false);
        for (long start = Stopwatch.GetTimestamp(); _heard < _size - 1 && Stopwatch.GetElapsedTime(start) < s_acknowledgeTime; Thread.Sleep(1)) Drain();
        End();
    }

    [DoesNotReturn]
    private void End()
    {
        _ = _mpi.Abort(_mpi.World, 1);
        NativeProcess.Exit(1);
        throw new UnreachableException();
    }

    private void Tell(int tag, ReadOnlySpan<byte> text, bool wait)
    {
        for (int other = 0; other < _size; other++)
            if (other != _rank) Send(other, tag, text, wait);
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
        _mpi.Check("Watch", _mpi.Isend(copy, text.Length, _mpi.Byte, to, tag, _communicator, &request));
        do _mpi.Check("Watch", _mpi.Test(&request, &done, _mpi.StatusIgnore));
        while (wait && done == 0);
    }

    // On the watch's thread alone.
    private void PrintOnce(string line)
    {
        if (_printed) return;
        _printed = true;
        ErrorOutput.Write(line);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
