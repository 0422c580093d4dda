using Heed.Kernels;

namespace Heed.Benchmarks;

/// <summary>Products so small that the call itself counts.</summary>
internal static class SmallBenchmark
{
    public static int Run(string[] arguments)
    {
        Console.WriteLine("| m | n | k | threads | ns | fastest ns | GFLOP/s | weights GB/s |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach ((int m, int n, int k, int threads) in ((int, int, int, int)[])[
            (0, 1, 1, 1), (1, 1, 1, 1), (1, 32, 1, 1), (1, 64, 64, 2), (1, 172, 64, 2), (1, 64, 172, 2), (1, 512, 64, 2), (1, 288, 288, 2), (1, 768, 288, 1), (1, 768, 288, 2), (1, 768, 768, 1), (1, 768, 768, 2),
            (2, 768, 768, 1), (3, 768, 768, 1), (4, 768, 768, 1), (6, 768, 768, 1), (8, 768, 768, 1), (14, 768, 768, 1), (16, 768, 768, 1), (64, 768, 768, 1), (64, 768, 768, 2), (256, 64, 256, 1)])
        {
            using WorkerPool pool = new(threads);
            using NativeBuffer buffer = new(PackedPanels.FloatCount(n, k) * sizeof(float));
            PackedPanels weights = new(buffer, 0, n, k);
            for (int i = 0; i < weights.PanelCount; i++) weights.Panel(i).Fill(0.5f);
            float[] x = new float[m * k], y = new float[m * n];
            int calls = (int)Math.Clamp(20e6 / Math.Max((double)m * n * k, 1), 20, 20000);
            Samples samples = new();
            for (int round = -30; round < 15; round++)
            {
                double seconds = Samples.Time(() =>
                {
                    for (int i = 0; i < calls; i++) MatMul.Packed(pool, m, x, k, weights, [], y, n, false);
                });
                if (round >= 0) samples.Add(seconds / calls);
            }
            double t = samples.Median;
            Console.WriteLine($"| {m} | {n} | {k} | {threads} | {t * 1e9:F0} | {samples.Quantile(0) * 1e9:F0} | {2.0 * m * n * k / t / 1e9:F1} | {4.0 * n * k / t / 1e9:F1} |");
        }
        return 0;
    }
}
