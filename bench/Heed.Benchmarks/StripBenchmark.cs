using System.Globalization;
using Heed.Kernels;
using Heed.Kernels.Strips;

namespace Heed.Benchmarks;

/// <summary>Products of quantized matrices: one row of x beside plainly reading the same memory, and many rows in operations per second.</summary>
internal static class StripBenchmark
{
    private const int DecodeRows = 65536, Columns = 4096, PrefillRows = 2048, Tokens = 512;

    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 5;
        WeightType[] types = arguments.Length > 1
            ? [.. arguments[1].Split(',').Select(name => Enum.Parse<WeightType>(name, ignoreCase: true))]
            : [WeightType.Q4_0, WeightType.Q8_0, WeightType.Q4_K, WeightType.Q6_K];
        StripPath path = StripPaths.Choose(arguments.Length > 2 ? arguments[2] : null);
        Console.WriteLine($"path {path}; GB/s and GOP/s: median (quartiles, fastest)");
        Console.WriteLine();
        Console.WriteLine("| type | threads | reading | 1 row | share | 512 rows |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (WeightType type in types)
        {
            using StripMatrix large = Random(type, DecodeRows, Columns), small = Random(type, PrefillRows, PrefillRows);
            foreach (int threads in (int[])[1, 2]) Measure(type, path, threads, rounds, large, small);
        }
        return 0;
    }

    private static void Measure(WeightType type, StripPath path, int threads, int rounds, StripMatrix large, StripMatrix small)
    {
        using WorkerPool pool = new(threads);
        float[] x = new float[Tokens * PrefillRows], y = new float[Tokens * PrefillRows], one = new float[DecodeRows];
        Random random = new(1);
        for (int i = 0; i < x.Length; i++) x[i] = random.NextSingle() - 0.5f;
        using NativeBuffer memory = new(large.Bytes);
        for (long at = 0; at + 4096 <= memory.Bytes; at += 4096) memory.AsSpan<byte>(at, 1)[0] = 1;
        Samples read = new(), decode = new(), prefill = new();
        for (int round = -1; round < rounds; round++)
        {
            double tRead = Samples.Time(() => MachinePeak.Read(pool, memory));
            double tDecode = Samples.Time(() => large.Multiply(path, pool, 1, x, Columns, [], one, DecodeRows, accumulate: false));
            double tPrefill = Samples.Time(() => small.Multiply(path, pool, Tokens, x, PrefillRows, [], y, PrefillRows, accumulate: false));
            if (round < 0) continue;
            read.Add(tRead);
            decode.Add(tDecode);
            prefill.Add(tPrefill);
        }
        Console.WriteLine($"| {type} | {threads} | {read.Rate(memory.Bytes)} | {decode.Rate(large.Bytes)} | {decode.Against(read)} | {prefill.Rate(2.0 * Tokens * PrefillRows * PrefillRows)} |");
    }

    private static StripMatrix Random(WeightType type, int rows, int columns)
    {
        StripMatrix matrix = new(type, rows, columns);
        Random random = new(1);
        Kernels.Quantization.BlockSizes.TryByteLength(type, (long)columns * StripMatrix.StripRows, out long bytes);
        byte[] strip = new byte[bytes];
        random.NextBytes(strip);
        // Exponents that no sum of products takes out of range.
        for (int i = 1; i < strip.Length; i += 2) strip[i] &= 0x9F;
        for (int i = 0; i < matrix.StripCount; i++) matrix.Pack(i, strip);
        return matrix;
    }
}
