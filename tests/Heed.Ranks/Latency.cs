using System.Diagnostics;
using System.Globalization;
using Heed.Distributed;

namespace Heed.Ranks;

/// <summary>Measures operations of all ranks that come to them together.</summary>
internal static class Latency
{
    public static int Measure(ICommunicator ranks, int length)
    {
        int rounds = Math.Max(3, 600_000 / length);
        float[] values = new float[length], all = new float[length * ranks.Size];
        Print(ranks, rounds, $"all-reduce of {length} floats", () => ranks.AllReduce(values.AsSpan()));
        Print(ranks, rounds, $"all-gather of {length} floats a rank", () => ranks.AllGather<float>(values, all));
        BFloat16[] rounded = new BFloat16[length];
        Print(ranks, rounds, $"all-reduce of {length} bfloat16", () => ranks.AllReduce(rounded.AsSpan()));
        if (ranks.Size % 2 == 0) Print(ranks, rounds, $"exchange of {length} floats", () => ranks.Exchange(values, all.AsSpan(0, length), ranks.Rank ^ 1));
        Print(ranks, rounds, "barrier", ranks.Barrier);
        return 0;
    }

    /// <summary>Prints what part of a core rank 0 uses while it waits two seconds for the others.</summary>
    public static int Wait(ICommunicator ranks)
    {
        ranks.Barrier();
        if (ranks.Rank > 0) Thread.Sleep(2000);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        ranks.Barrier();
        if (ranks.Rank == 0) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"used {(Environment.CpuUsage.TotalTime - before) / Stopwatch.GetElapsedTime(start):0.000}"));
        return 0;
    }

    // Fifteen times many rounds; the middle one of the times counts.
    private static void Print(ICommunicator ranks, int rounds, string what, Action operation)
    {
        // The compiler looks again at what has been called often, a tenth of a second after the calls.
        for (int round = 1; round <= 1000; round++)
        {
            operation();
            if (round % 200 == 0) Thread.Sleep(200);
        }
        double[] times = new double[15];
        for (int i = 0; i < times.Length; i++)
        {
            ranks.Barrier();
            long start = Stopwatch.GetTimestamp();
            for (int round = 0; round < rounds; round++) operation();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / rounds;
        }
        Array.Sort(times);
        if (ranks.Rank == 0) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {times[0]:0.0} {times[7]:0.0} {times[14]:0.0} us (least, middle, most)"));
    }
}
