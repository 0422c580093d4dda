using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Heed.Kernels;

namespace Heed.Benchmarks;

/// <summary>What the runtime sees of the machine, and what the machine can do at best.</summary>
internal static class PeakBenchmark
{
    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 9;
        Console.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors");
        Console.WriteLine($"accelerated: 128 bits {Vector128.IsHardwareAccelerated}, 256 {Vector256.IsHardwareAccelerated}, 512 {Vector512.IsHardwareAccelerated}; supported: AVX {Avx.IsSupported}, AVX2 {Avx2.IsSupported}, FMA {Fma.IsSupported}, AVX-512F {Avx512F.IsSupported}");
        Console.WriteLine();
        Console.WriteLine("| threads | FMA GFLOP/s | read GB/s |");
        Console.WriteLine("|---|---|---|");
        using NativeBuffer buffer = new(1536L << 20);
        for (int i = 0; i < 6; i++) buffer.AsSpan<byte>((long)i << 28, 1 << 28).Fill(1);
        for (int threads = 1; threads <= Environment.ProcessorCount; threads *= 2)
        {
            using WorkerPool pool = new(threads);
            Samples multiply = new(), read = new();
            for (int round = -1; round < rounds; round++)
            {
                double tMultiply = Samples.Time(() => MachinePeak.MultiplyAdds(pool)), tRead = Samples.Time(() => MachinePeak.Read(pool, buffer));
                if (round < 0) continue;
                multiply.Add(tMultiply);
                read.Add(tRead);
            }
            Console.WriteLine($"| {threads} | {multiply.Rate(MachinePeak.PartOperations * threads)} | {read.Rate(buffer.Bytes)} |");
        }
        return 0;
    }
}
