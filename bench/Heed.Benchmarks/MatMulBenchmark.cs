using System.Diagnostics;
using System.Globalization;
using Heed.Kernels;

namespace Heed.Benchmarks;

/// <summary>
/// Square fp32 products: ours, and OpenBLAS as installed and with its SkylakeX kernel, each in a child process of its own since
/// the kernel is chosen when the library loads. Every round times all of them in turn, with the FMA peak between.
/// </summary>
internal static unsafe class MatMulBenchmark
{
    private static readonly int[] Sizes = [1024, 2048];

    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 9;
        using Child? installed = OpenBlas.Available ? new Child(null) : null;
        using Child? skylake = OpenBlas.Available ? new Child("SkylakeX") : null;
        Console.WriteLine(OpenBlas.Available
            ? $"OpenBLAS as installed chose {installed!.Core}; with OPENBLAS_CORETYPE=SkylakeX {skylake!.Core}"
            : "OpenBLAS skipped: libopenblas.so.0 is not installed");
        Console.WriteLine();
        Console.WriteLine("GFLOP/s: median (quartiles, fastest); shares and ratios: of the medians (of the fastest)");
        Console.WriteLine();
        Console.WriteLine("| size | threads | FMA peak | Heed | Heed, weights packed | OpenBLAS installed | OpenBLAS SkylakeX | Heed of peak | Heed : installed | Heed : SkylakeX |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (int size in Sizes)
            foreach (int threads in (int[])[1, 2]) Row(size, threads, size > 1024 ? rounds : 2 * rounds, installed, skylake);
        return 0;
    }

    private static void Row(int size, int threads, int rounds, Child? installed, Child? skylake)
    {
        using WorkerPool pool = new(threads);
        using NativeBuffer a = Values(size), b = Values(size), c = Values(size), packed = Values(size);
        PackedPanels panels = new(packed, 0, size, size);
        Samples peak = new(), ours = new(), oursPacked = new(), first = new(), second = new();
        double work = 2.0 * size * size * size;
        for (int round = -2; round < rounds; round++)
        {
            double tPeak = Samples.Time(() => MachinePeak.MultiplyAdds(pool));
            double tOurs = Samples.Time(() => MatMul.Gemm(pool, size, size, size, a.AsFloats(), size, 1, b.AsFloats(), size, 1, c.AsFloats(), size, false));
            double tFirst = installed?.Time(size, threads) ?? 0;
            double tPacked = Samples.Time(() => MatMul.Packed(pool, size, a.AsFloats(), size, panels, [], c.AsFloats(), size, false));
            double tSecond = skylake?.Time(size, threads) ?? 0;
            if (round < 0) continue;
            peak.Add(tPeak);
            ours.Add(tOurs);
            oursPacked.Add(tPacked);
            first.Add(tFirst);
            second.Add(tSecond);
        }
        double peakWork = MachinePeak.PartOperations * threads;
        double share = work / ours.Median / (peakWork / peak.Median), bestShare = work / ours.Quantile(0) / (peakWork / peak.Quantile(0));
        string Blas(Samples samples, Child? child) => child is null ? "-" : samples.Rate(work);
        string Ratio(Samples samples, Child? child) => child is null ? "-" : ours.Against(samples);
        Console.WriteLine($"| {size} | {threads} | {peak.Rate(peakWork)} | {ours.Rate(work)} | {oursPacked.Rate(work)} | {Blas(first, installed)} | {Blas(second, skylake)} | {share:P0} ({bestShare:P0}) | {Ratio(first, installed)} | {Ratio(second, skylake)} |");
    }

    /// <summary>The child: answers "size threads" with the seconds of one product, until its input ends.</summary>
    public static int Serve(string[] arguments)
    {
        Console.WriteLine(OpenBlas.Core);
        int current = 0;
        NativeBuffer? a = null, b = null, c = null;
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            int size = int.Parse(words[0], CultureInfo.InvariantCulture);
            if (size != current)
            {
                (a, b, c, current) = (Values(size), Values(size), Values(size), size);
            }
            OpenBlas.Threads(int.Parse(words[1], CultureInfo.InvariantCulture));
            double seconds = Samples.Time(() => OpenBlas.Multiply(size, (float*)a!.Pointer, (float*)b!.Pointer, (float*)c!.Pointer));
            Console.WriteLine(seconds.ToString("R", CultureInfo.InvariantCulture));
        }
        return 0;
    }

    private static NativeBuffer Values(int size)
    {
        NativeBuffer buffer = new((long)size * size * sizeof(float));
        Random random = new(1);
        foreach (ref float value in buffer.AsFloats()) value = random.NextSingle() - 0.5f;
        return buffer;
    }

    private sealed class Child : IDisposable
    {
        private readonly Process _process;

        public Child(string? coreType)
        {
            ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(MatMulBenchmark).Assembly.Location);
            start.ArgumentList.Add("matmul-blas");
            if (coreType is not null) start.Environment["OPENBLAS_CORETYPE"] = coreType;
            _process = Process.Start(start)!;
            Core = _process.StandardOutput.ReadLine() ?? "?";
        }

        public string Core { get; }

        public double Time(int size, int threads)
        {
            _process.StandardInput.WriteLine($"{size} {threads}");
            return double.Parse(_process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
