using System.Diagnostics;
using System.Globalization;
using Heed.Kernels;

namespace Heed.Benchmarks;

/// <summary>
/// Causal attention forward and backward at training shapes. As a child it answers lines "batch heads dim seq", each with the
/// seconds of one forward and one backward pass, so that a script can time another library in turn.
/// </summary>
internal static class AttentionBenchmark
{
    /// <summary>Batch, heads, head size, length.</summary>
    private static readonly (int Batch, int Heads, int Dim, int Seq)[] Shapes =
        [(1, 12, 64, 1024), (1, 12, 64, 2048), (1, 12, 64, 4096), (8, 6, 48, 256), (12, 4, 32, 64)];

    public static int Run(string[] arguments)
    {
        if (arguments.Length > 0 && arguments[0] == "serve") return Serve(int.Parse(arguments[1], CultureInfo.InvariantCulture));
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 7;
        Console.WriteLine("Causal attention in ms: median (fastest to slowest). GFLOP/s counts the visible pairs and 2 + 5 products.");
        Console.WriteLine();
        Console.WriteLine("| batch | heads | size | tokens | threads | forward | backward | both | GFLOP/s | of FMA peak |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var shape in Shapes)
            foreach (int threads in (int[])[1, 2]) Row(shape, threads, rounds);
        return 0;
    }

    private static void Row((int Batch, int Heads, int Dim, int Seq) shape, int threads, int rounds)
    {
        using WorkerPool pool = new(threads);
        using Problem problem = new(shape);
        Samples forward = new(), backward = new(), both = new(), peak = new();
        for (int round = -2; round < rounds; round++)
        {
            double tPeak = Samples.Time(() => MachinePeak.MultiplyAdds(pool)), tForward = Samples.Time(() => problem.Forward(pool)), tBackward = Samples.Time(() => problem.Backward(pool));
            if (round < 0) continue;
            peak.Add(tPeak);
            forward.Add(tForward);
            backward.Add(tBackward);
            both.Add(tForward + tBackward);
        }
        double rate = problem.Operations / both.Median;
        Console.WriteLine($"| {shape.Batch} | {shape.Heads} | {shape.Dim} | {shape.Seq} | {threads} | {Milliseconds(forward)} | {Milliseconds(backward)} | {Milliseconds(both)} | {rate / 1e9:F0} | {rate / (MachinePeak.PartOperations * threads / peak.Median):P0} |");
    }

    private static string Milliseconds(Samples samples) => $"{samples.Median * 1e3:F2} ({samples.Quantile(0) * 1e3:F2} to {samples.Quantile(1) * 1e3:F2})";

    private static int Serve(int threads)
    {
        using WorkerPool pool = new(threads);
        (int, int, int, int) current = default;
        Problem? problem = null;
        while (Console.ReadLine() is { } line)
        {
            int[] sizes = [.. line.Split(' ').Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
            var shape = (sizes[0], sizes[1], sizes[2], sizes[3]);
            if (shape != current)
            {
                problem?.Dispose();
                (problem, current) = (new Problem(shape), shape);
            }
            double forward = Samples.Time(() => problem!.Forward(pool)), backward = Samples.Time(() => problem!.Backward(pool));
            using Process self = Process.GetCurrentProcess();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{forward:R} {backward:R} {self.PeakWorkingSet64 >> 20}"));
        }
        problem?.Dispose();
        return 0;
    }

    /// <summary>The data of one shape: q, k and v fused in rows as a layer leaves them, and their gradients alike.</summary>
    private sealed class Problem : IDisposable
    {
        private readonly AttentionShape _shape;
        private readonly int[] _limits;
        private readonly NativeBuffer _fused, _fusedGradient, _output, _outputGradient, _logSumExp;

        public Problem((int Batch, int Heads, int Dim, int Seq) shape)
        {
            int rows = shape.Batch * shape.Seq, width = shape.Heads * shape.Dim;
            _shape = new()
            {
                Batch = shape.Batch,
                Queries = shape.Seq,
                Heads = shape.Heads,
                KvHeads = shape.Heads,
                HeadDim = shape.Dim,
                ValueDim = shape.Dim,
                KeyCapacity = shape.Seq,
                Scale = 1f / MathF.Sqrt(shape.Dim),
            };
            _limits = [.. Enumerable.Range(0, rows).Select(row => row % shape.Seq)];
            (_fused, _fusedGradient) = (Values(3 * rows * width), Values(3 * rows * width));
            (_output, _outputGradient, _logSumExp) = (Values(rows * width), Values(rows * width), Values(rows * shape.Heads));
            Operations = 7.0 * shape.Batch * shape.Heads * shape.Seq * (shape.Seq + 1) * shape.Dim;
        }

        /// <summary>Floating-point operations of both passes over the visible pairs.</summary>
        public double Operations { get; }

        public void Forward(WorkerPool pool) => FlashAttention.OverRows(_shape, Range(_fused, 0), Range(_fused, 1), Range(_fused, 2), _limits, [],
            _output.AsFloats(), _logSumExp.AsFloats(), pool);

        public void Backward(WorkerPool pool) => FlashAttention.OverRowsBackward(_shape, Range(_fused, 0), Range(_fused, 1), Range(_fused, 2),
            _output.AsFloats(), _outputGradient.AsFloats(), _logSumExp.AsFloats(), _limits, [],
            Range(_fusedGradient, 0), Range(_fusedGradient, 1), Range(_fusedGradient, 2), pool);

        private HeadRows Range(NativeBuffer rows, int part)
        {
            int width = _shape.Heads * _shape.HeadDim;
            return new(rows.AsFloats()[(part * width)..], _shape.Queries * 3 * width, 3 * width, _shape.HeadDim);
        }

        private static NativeBuffer Values(int count)
        {
            NativeBuffer buffer = new((long)count * sizeof(float));
            Random random = new(1);
            foreach (ref float value in buffer.AsFloats()) value = (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() + random.NextDouble() - 2) * 1.7f;
            return buffer;
        }

        public void Dispose()
        {
            _fused.Dispose();
            _fusedGradient.Dispose();
            _output.Dispose();
            _outputGradient.Dispose();
            _logSumExp.Dispose();
        }
    }
}
