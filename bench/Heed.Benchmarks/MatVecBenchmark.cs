using System.Globalization;
using Heed.Kernels;

namespace Heed.Benchmarks;

/// <summary>One decoding step's largest enemy: a matrix beyond any cache, beside plainly reading the same memory.</summary>
internal static class MatVecBenchmark
{
    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 9;
        // Beyond any cache by default; a smaller one, such as 32000 x 288 of a small model's output, stays in the last cache.
        int n = arguments.Length > 2 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 32768;
        int k = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 12288;
        using NativeBuffer buffer = new(PackedPanels.FloatCount(n, k) * sizeof(float));
        PackedPanels weights = new(buffer, 0, n, k);
        for (int i = 0; i < weights.PanelCount; i++) weights.Panel(i).Fill(0.5f);
        float[] x = new float[k], y = new float[n];
        x.AsSpan().Fill(0.25f);
        Console.WriteLine("GB/s: median (quartiles, fastest); shares: of the medians (of the fastest)");
        Console.WriteLine();
        Console.WriteLine("| matrix | threads | reading | matrix-vector | share |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (int threads in (int[])[1, 2])
        {
            using WorkerPool pool = new(threads);
            Samples read = new(), product = new();
            for (int round = -1; round < rounds; round++)
            {
                double tRead = Samples.Time(() => MachinePeak.Read(pool, buffer));
                double tProduct = Samples.Time(() => MatMul.Packed(pool, 1, x, k, weights, [], y, n, false));
                if (round < 0) continue;
                read.Add(tRead);
                product.Add(tProduct);
            }
            Console.WriteLine($"| {n} x {k} | {threads} | {read.Rate(buffer.Bytes)} | {product.Rate(buffer.Bytes)} | {product.Against(read)} |");
        }
        return 0;
    }
}
