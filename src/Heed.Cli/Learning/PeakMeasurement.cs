using System.Diagnostics;
using Heed.Tensors;

namespace Heed.Cli.Learning;

/// <summary>What a machine computes at most, as far as a multiplication of this library's shows it.</summary>
internal static class PeakMeasurement
{
    // A millisecond each, so that some are not disturbed by other processes.
    private const int Size = 384;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250);

    /// <summary>Floating-point operations per second of the fastest of a few multiplications.</summary>
    public static double Measure(Device device)
    {
        using TensorScope scope = new();
        using TensorScope.Lease all = scope.Enter();
        Random random = new(1);
        Shape shape = Shape.Of(Size, Size);
        Tensor a = Tensor.Normal(shape, random, 0, 1, device), b = Tensor.Normal(shape, random, 0, 1, device);
        TimeSpan best = TimeSpan.MaxValue;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 3 || Stopwatch.GetElapsedTime(start) < s_patience; i++)
        {
            using TensorScope.Lease lease = scope.Enter();
            long begun = Stopwatch.GetTimestamp();
            a.MatMul(b);
            TimeSpan time = Stopwatch.GetElapsedTime(begun);
            if (time < best) best = time;
        }
        return 2.0 * Size * Size * Size / best.TotalSeconds;
    }
}
