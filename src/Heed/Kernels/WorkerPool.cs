using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Heed.Kernels;

/// <summary>
/// Threads that share the parts of one job at a time with the caller. Workers spin briefly, then yield, then park.
/// A caller that finds the pool busy, and a job that runs another job, do their parts on their own thread.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private const int SpinRounds = 200;
    private const int YieldRounds = 400;
    private const long WorthWaking = 256 << 10;

    private readonly Thread[] _workers;
    private readonly SemaphoreSlim _parking = new(0);

    // Written by the runner alone, while no part is open.
    private delegate*<void*, int, void> _execute;
    private void* _job;
    private int _parts;

    private Shared _shared;
    private int _busy;
    private int _sleepers;
    private volatile int _runner;
    private volatile bool _stopping;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts <paramref name="threads"/> - 1 background threads; the caller of <see cref="Run{TJob}(ref TJob, int)"/> is the last one.</summary>
    public WorkerPool(int threads)
    {
        if (threads < 1) throw new ArgumentOutOfRangeException(nameof(threads), $"WorkerPool: threads is {threads}; need 1 or more.");
        Threads = threads;
        Scratch = new ScratchPool(2 * threads + 4);
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"Heed worker {i + 1}" };
            _workers[i].Start();
        }
    }

    /// <summary>The number of threads that share a job, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Memory that kernels borrow for the time of one call.</summary>
    public ScratchPool Scratch { get; }

    /// <summary>
    /// Executes all parts of the job and returns when the last one has ended. The first exception of any part is rethrown
    /// here with its stack trace, and parts that have not begun by then are left out.
    /// </summary>
    public void Run<TJob>(ref TJob job, int parts) where TJob : struct, IPoolJob
    {
        if (_stopping) ThrowDisposed();
        if (parts <= 1 || _workers.Length == 0 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++) job.Execute(part);
            return;
        }
        if (_stopping)
        {
            Volatile.Write(ref _busy, 0);
            ThrowDisposed();
        }
        // Workers see the job through its address: this copy lives on the stack and so stays in place.
        TJob local = job;
        Share(&Invoke<TJob>, Unsafe.AsPointer(ref local), parts);
        job = local;
    }

    /// <summary>As <see cref="Run{TJob}(ref TJob, int)"/>, but on the caller's thread alone where there is less to do than waking the others costs.</summary>
    /// <param name="job">The job.</param>
    /// <param name="parts">The number of its parts.</param>
    /// <param name="work">About how many multiplications all parts take.</param>
    public void RunIfLarge<TJob>(ref TJob job, int parts, long work) where TJob : struct, IPoolJob => Run(ref job, parts, alone: work < WorthWaking);

    /// <summary>As <see cref="Run{TJob}(ref TJob, int)"/>, or on the caller's thread alone.</summary>
    public void Run<TJob>(ref TJob job, int parts, bool alone) where TJob : struct, IPoolJob
    {
        if (!alone) Run(ref job, parts);
        else for (int part = 0; part < parts; part++) job.Execute(part);
    }

    /// <summary>Ends the threads after the job that may be running; must not be called from within a job of this pool.</summary>
    public void Dispose()
    {
        int thread = Environment.CurrentManagedThreadId;
        if (_runner == thread || Array.Exists(_workers, worker => worker.ManagedThreadId == thread))
            throw new InvalidOperationException("WorkerPool: Dispose was called from within a job of this pool.");
        if (_stopping) return;
        SpinWait wait = default;
        while (Interlocked.CompareExchange(ref _busy, 1, 0) != 0) wait.SpinOnce();
        _stopping = true;
        _parking.Release(_workers.Length + 1);
        foreach (Thread worker in _workers) worker.Join();
        Volatile.Write(ref _busy, 0);
        Scratch.Dispose();
        _parking.Dispose();
    }

    private static void Invoke<TJob>(void* job, int part) where TJob : struct, IPoolJob => Unsafe.AsRef<TJob>(job).Execute(part);

    private void Share(delegate*<void*, int, void> execute, void* job, int parts)
    {
        _runner = Environment.CurrentManagedThreadId;
        _execute = execute;
        _job = job;
        _parts = parts;
        _shared.Pending = parts;
        Interlocked.Exchange(ref _shared.Open, parts);
        int sleepers = Volatile.Read(ref _sleepers);
        if (sleepers > 0) Wake(Math.Min(sleepers, parts - 1));
        TakeParts();
        SpinWait wait = default;
        for (int round = 0; Volatile.Read(ref _shared.Pending) != 0; round++)
        {
            if (round < SpinRounds) Thread.SpinWait(1);
            else wait.SpinOnce(sleep1Threshold: -1);
        }
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        _runner = 0;
        Volatile.Write(ref _busy, 0);
        failure?.Throw();
    }

    /// <summary>
    /// Claims and executes parts until none is open. Open counts down to 0 and a new job opens only after all parts of the last one
    /// have ended, so whoever has claimed a part may read the job's fields.
    /// </summary>
    private void TakeParts()
    {
        int done = 0;
        for (int open = Volatile.Read(ref _shared.Open); open > 0; open = Volatile.Read(ref _shared.Open))
        {
            if (Interlocked.CompareExchange(ref _shared.Open, open - 1, open) != open) continue;
            if (Volatile.Read(ref _failure) is null)
            {
                try
                {
                    _execute(_job, _parts - open);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
                }
            }
            done++;
        }
        // Parts are counted in one go: the job cannot end, and no other can open, before this.
        if (done > 0) Interlocked.Add(ref _shared.Pending, -done);
    }

    private void Work()
    {
        int round = 0;
        while (!_stopping)
        {
            if (Volatile.Read(ref _shared.Open) > 0)
            {
                TakeParts();
                round = 0;
            }
            else if (round < SpinRounds)
            {
                round++;
                Thread.SpinWait(1);
            }
            else if (round < SpinRounds + YieldRounds)
            {
                round++;
                Thread.Yield();
            }
            else
            {
                Park();
                round = 0;
            }
        }
    }

    /// <summary>Sleepers that were called already but have not yet got up are not called again.</summary>
    private void Wake(int workers)
    {
        int calls = workers - _parking.CurrentCount;
        if (calls > 0) _parking.Release(calls);
    }

    private void Park()
    {
        Interlocked.Increment(ref _sleepers);
        // The runner opens parts before it reads the sleepers, and we count ourselves before we read the parts: one sees the other.
        if (Volatile.Read(ref _shared.Open) == 0 && !_stopping) _parking.Wait();
        Interlocked.Decrement(ref _sleepers);
    }

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowDisposed() => throw new ObjectDisposedException(nameof(WorkerPool));

    /// <summary>What all threads write, each on a pair of cache lines of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Shared
    {
        [FieldOffset(128)] public int Open;
        [FieldOffset(256)] public int Pending;
    }
}
