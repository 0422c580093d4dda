using System.Diagnostics;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>
/// What a decode step costs outside of the kernels (tensor objects, memory, checks, dispatch), and what it allocates:
/// the same forward pass on the CPU backend and on one that computes nothing, in interleaved rounds.
/// </summary>
internal static class DispatchBenchmark
{
    private static readonly (string Name, ModelConfig Config)[] Models =
    [
        ("260K", new ModelConfig { HiddenSize = 64, IntermediateSize = 172, NumLayers = 5, NumHeads = 8, NumKvHeads = 4, VocabSize = 512, MaxSeqLen = 512, TieEmbeddings = true }),
        ("15M", new ModelConfig { HiddenSize = 288, IntermediateSize = 768, NumLayers = 6, NumHeads = 6, VocabSize = 32000, MaxSeqLen = 256, TieEmbeddings = true }),
        ("110M", new ModelConfig { HiddenSize = 768, IntermediateSize = 2048, NumLayers = 12, NumHeads = 12, VocabSize = 32000, MaxSeqLen = 1024, TieEmbeddings = true }),
    ];

    public static int Run(string[] args)
    {
        int threads = args.Length > 0 ? int.Parse(args[0]) : 1;
        Console.WriteLine($"decode step at positions 64 to 127, {threads} thread(s), medians of interleaved rounds");
        foreach ((string name, ModelConfig config) in Models)
            if (args.Length < 2 || args[1] == name) Measure(name, config, threads);
        return 0;
    }

    private static void Measure(string name, ModelConfig config, int threads)
    {
        Device idle = Device.Create("idle", DType.Float32, new IdleBackend());
        using Decoder real = new(config, Device.CreateCpu(threads));
        using Decoder empty = new(config, idle);
        int rounds = config.HiddenSize > 512 ? 5 : config.HiddenSize > 200 ? 25 : 101;
        List<double> realTimes = [], idleTimes = [];
        long before = 0;
        int warm = config.HiddenSize > 200 ? 5 : 2000;
        for (int i = -warm; i < rounds; i++)
        {
            if (i == 0) before = GC.GetAllocatedBytesForCurrentThread();
            double a = real.Step(64), b = empty.Step(64);
            if (i < 0) continue;
            realTimes.Add(a);
            idleTimes.Add(b);
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        realTimes.Sort();
        idleTimes.Sort();
        double step = realTimes[rounds / 2], outside = idleTimes[rounds / 2];
        Console.WriteLine($"{name,5}: {step * 1e6,9:F2} µs a step ({1 / step:F0} tok/s), {outside * 1e6:F2} µs outside of kernels = {100 * outside / step:F2} %; "
            + $"{allocated / (double)(rounds * 128):F1} managed bytes a token");
    }

    private sealed class Decoder(ModelConfig config, Device device) : IDisposable
    {
        private readonly Transformer _model = new(config, new PackedRandomWeights(new Random(1), device));
        private readonly TensorScope _scope = new(recycles: true);
        private KvCache? _cache;

        /// <summary>Seconds per step over <paramref name="steps"/> steps.</summary>
        public double Step(int steps)
        {
            if (_cache is null)
            {
                _cache = _model.CreateCache();
                for (int i = 0; i < 64; i++) Decode(i);
            }
            _cache.Truncate(0, 64);
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < steps; i++) Decode(i);
            return Stopwatch.GetElapsedTime(start).TotalSeconds / steps;
        }

        public void Dispose()
        {
            _cache?.Dispose();
            _scope.Dispose();
        }

        private void Decode(int i)
        {
            using TensorScope.Lease step = _scope.Enter();
            int token = 1 + i % 500;
            _model.Forward(new ReadOnlySpan<int>(in token), _cache);
        }
    }
}
