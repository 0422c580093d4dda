using System.Globalization;
using Heed.Kernels;
using Heed.Kernels.Quantization;
using Heed.Kernels.Strips;

namespace Heed.Benchmarks;

/// <summary>How fast a thread lays a file's matrices out for multiplying, in GB of the file a second, into memory that is there already.</summary>
internal static class PackBenchmark
{
    private const int Rows = 4096, Columns = 5632;

    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 9;
        WeightType[] types = arguments.Length > 1
            ? [.. arguments[1].Split(',').Select(name => Enum.Parse<WeightType>(name, ignoreCase: true))]
            : [WeightType.Q4_0, WeightType.Q8_0, WeightType.Q4_K, WeightType.Q6_K, WeightType.F16];
        Console.WriteLine("GB/s: median (quartiles, fastest)");
        foreach (WeightType type in types)
        {
            BlockSizes.TryByteLength(type, (long)Rows * Columns, out long length);
            byte[] bytes = new byte[length];
            new Random(1).NextBytes(bytes);
            Samples samples = new();
            using Target target = new(type);
            for (int round = -1; round < rounds; round++)
            {
                double seconds = Samples.Time(() => target.Pack(bytes));
                if (round >= 0) samples.Add(seconds);
            }
            Console.WriteLine($"{type,-5} {samples.Rate(length)}");
        }
        return 0;
    }

    private sealed class Target(WeightType type) : IDisposable
    {
        private readonly StripMatrix? _strips = StripMatrix.Takes(type) ? new StripMatrix(type, Rows, Columns) : null;
        private readonly HalfPanels? _halves = HalfPanels.Takes(type) ? new HalfPanels(type, Rows, Columns) : null;

        public void Pack(byte[] bytes)
        {
            int parts = _strips?.StripCount ?? _halves!.PanelCount, size = bytes.Length / parts;
            for (int part = 0; part < parts; part++)
            {
                ReadOnlySpan<byte> rows = bytes.AsSpan(part * size, size);
                _strips?.Pack(part, rows);
                _halves?.Pack(part, rows);
            }
        }

        public void Dispose()
        {
            _strips?.Dispose();
            _halves?.Dispose();
        }
    }
}
