using System.Diagnostics;
using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>What this machine can do at best, as it is at this moment: on a shared one it drifts, so measure it beside what is to be compared.</summary>
public static class MachineSpeed
{
    private const long Bytes = 1L << 30;

    /// <summary>Bytes per second of reading a gigabyte of memory from one end to the other, the fastest of a few times.</summary>
    /// <param name="threads">The number of threads that read.</param>
    /// <param name="times">How often.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1.</exception>
    public static double ReadBandwidth(int threads, int times = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        using WorkerPool pool = new(threads);
        using NativeBuffer buffer = new(Bytes);
        // Memory that was never written is one page of zeros, which lies in the first-level cache.
        for (long at = 0; at < Bytes; at += 1 << 20) buffer.AsSpan<byte>(at, 1 << 20).Fill(1);
        double best = double.MaxValue;
        for (int i = 0; i < times; i++) best = Math.Min(best, Seconds(() => MachinePeak.Read(pool, buffer)));
        return Bytes / best;
    }

    /// <summary>Floating-point operations per second of fused multiply-adds in registers, the fastest of a few times.</summary>
    /// <param name="threads">The number of threads that compute.</param>
    /// <param name="times">How often.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1.</exception>
    public static double MultiplyAddPeak(int threads, int times = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        using WorkerPool pool = new(threads);
        double best = double.MaxValue;
        for (int i = 0; i < times; i++) best = Math.Min(best, Seconds(() => MachinePeak.MultiplyAdds(pool)));
        return threads * MachinePeak.PartOperations / best;
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
