using System.Diagnostics;
using System.Globalization;
using Heed.Kernels;

namespace Heed.Benchmarks;

/// <summary>What it costs to share a job: in nanoseconds for one job, alone on the machine and beside threads that compete for its cores.</summary>
internal static class PoolBenchmark
{
    private const int Batch = 200, WorkParts = 16;

    public static int Run(string[] arguments)
    {
        int samples = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 500;
        int threads = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : Environment.ProcessorCount;
        int[] rivals = arguments.Length > 2 ? [int.Parse(arguments[2], CultureInfo.InvariantCulture)] : [0, threads];
        Console.WriteLine($"{threads} threads; ns for a job: median (quartiles, 99 of 100)");
        Console.WriteLine();
        Console.WriteLine("| rivals | empty parts | every thread takes one part | the same after 100 µs alone | after 5 ms of sleep | 16 parts of about 10 µs | on one thread |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (int count in rivals) Measure(samples, threads, count);
        return 0;
    }

    private static void Measure(int samples, int threads, int rivals)
    {
        using WorkerPool pool = new(threads);
        using Rivals competing = new(rivals);
        EmptyJob empty = default;
        MeetJob meet = new() { Threads = threads, Arrived = new int[1] };
        Samples plain = new(), met = new(), after = new(), asleep = new(), shared = new(), alone = new();
        WorkJob work = default;
        for (int i = 0; i < samples + 5; i++)
        {
            double tPlain = Samples.Time(() => { for (int n = 0; n < Batch; n++) pool.Run(ref empty, threads); }) / Batch;
            double tMet = Samples.Time(() => { for (int n = 0; n < Batch; n++) meet.Run(pool); }) / Batch;
            Spin(100);
            double tAfter = Samples.Time(() => meet.Run(pool));
            double tShared = Samples.Time(() => pool.Run(ref work, WorkParts)), tAlone = Samples.Time(() => pool.Run(ref work, WorkParts, alone: true));
            if (i < 5) continue;
            plain.Add(tPlain);
            met.Add(tMet);
            after.Add(tAfter);
            shared.Add(tShared);
            alone.Add(tAlone);
            if (i % 10 != 0) continue;
            Thread.Sleep(5);
            asleep.Add(Samples.Time(() => meet.Run(pool)));
        }
        Console.WriteLine($"| {rivals} | {Text(plain)} | {Text(met)} | {Text(after)} | {Text(asleep)} | {Text(shared)} | {Text(alone)} |");
    }

    private static void Spin(int microseconds)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMicroseconds < microseconds)
        {
        }
    }

    private static string Text(Samples samples) => string.Create(CultureInfo.InvariantCulture,
        $"{samples.Median * 1e9:F0} ({samples.Quantile(0.25) * 1e9:F0}, {samples.Quantile(0.75) * 1e9:F0}, {samples.Quantile(0.99) * 1e9:F0})");

    private struct EmptyJob : IPoolJob
    {
        public readonly void Execute(int part)
        {
        }
    }

    private struct WorkJob : IPoolJob
    {
        public float Sink;

        public void Execute(int part)
        {
            float sum = part;
            for (int i = 0; i < 8000; i++) sum = (sum * 0.999f) + 1;
            Sink = sum;
        }
    }

    /// <summary>Parts that wait for each other, so that each needs a thread of its own: a barrier that all reach.</summary>
    private struct MeetJob : IPoolJob
    {
        public int Threads;
        public int[] Arrived;

        public void Run(WorkerPool pool)
        {
            Arrived[0] = 0;
            pool.Run(ref this, Threads);
        }

        public readonly void Execute(int part)
        {
            Interlocked.Increment(ref Arrived[0]);
            SpinWait wait = default;
            for (int round = 0; Volatile.Read(ref Arrived[0]) < Threads; round++)
            {
                if (round < 2000) Thread.SpinWait(1);
                else wait.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    /// <summary>Threads that keep cores busy until they are disposed.</summary>
    private sealed class Rivals : IDisposable
    {
        private readonly Thread[] _threads;
        private volatile bool _stopping;

        public Rivals(int count)
        {
            _threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(() => { while (!_stopping) { } }))];
            foreach (Thread thread in _threads) thread.Start();
        }

        public void Dispose()
        {
            _stopping = true;
            foreach (Thread thread in _threads) thread.Join();
        }
    }
}
