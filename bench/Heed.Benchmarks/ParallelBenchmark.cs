using System.Diagnostics;
using System.Globalization;
using Heed.Distributed;
using Heed.Models;
using Heed.Models.Sharding;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Benchmarks;

/// <summary>Training steps of a Llama-like model on random tokens, by one process or by the ranks that mpirun started; one line of JSON.</summary>
internal static class ParallelBenchmark
{
    public static int Run(string[] args)
    {
        int[] numbers = [.. args.Where(arg => arg[0] != '-').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        int threads = At(0, 2), tensor = At(1, 1), steps = At(2, 6);
        ModelConfig config = new()
        {
            HiddenSize = At(3, 512),
            NumLayers = At(4, 8),
            NumHeads = At(5, 8),
            IntermediateSize = At(6, 1376),
            VocabSize = At(7, 8192),
            MaxSeqLen = At(8, 256),
        };
        int batch = At(9, 8);
        using ICommunicator world = Communicators.World();
        using ProcessGrid grid = new(world, tensor);
        using Device device = Device.CreateCpu(threads);
        Transformer model = TensorParallel.Build(config, new RandomWeights(1, config.NumLayers, device), grid.Tensor);
        TrainingOptions options = new()
        {
            Steps = steps + 2,
            ValidateEvery = 0,
            ShardOptimizer = args.Contains("--shard-optimizer"),
            OverlapGradients = !args.Contains("--no-overlap"),
        };
        Trainer trainer = new(model, new Rows(batch, config.MaxSeqLen, config.VocabSize), options, grid: grid);
        Samples samples = new();
        CommunicatorTraffic before = default, tensorBefore = default;
        long start = 0;
        foreach (TrainingStep step in trainer.RunAsync().ToBlockingEnumerable())
        {
            // The first two steps compile the code and fill the caches.
            if (step.Number == 2) (before, tensorBefore, start) = (trainer.Traffic, grid.Tensor.Traffic, Stopwatch.GetTimestamp());
            if (step.Number <= 2) continue;
            samples.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            start = Stopwatch.GetTimestamp();
        }
        CommunicatorTraffic after = trainer.Traffic, tensorAfter = grid.Tensor.Traffic;
        if (world.Rank == 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{{\"ranks\": {world.Size}, \"tensor\": {tensor}, \"threads\": {threads}, \"parameters\": {config.ParameterCount()}, \"tokens\": {batch * config.MaxSeqLen}, \"step_ms\": {samples.Median * 1e3:F1}, \"tokens_per_second\": {batch * config.MaxSeqLen / samples.Median:F1}, \"bytes_per_step\": {(after.Bytes - before.Bytes) / steps}, \"messages_per_step\": {(after.Messages - before.Messages) / steps}, \"tensor_bytes_per_step\": {(tensorAfter.Bytes - tensorBefore.Bytes) / steps}, \"tensor_operations_per_step\": {(tensorAfter.Operations - tensorBefore.Operations) / steps}}}"));
        return 0;

        int At(int index, int value) => index < numbers.Length ? numbers[index] : value;
    }

    private sealed class Rows(int batch, int seqLen, int vocabulary) : IBatchSource
    {
        public int BatchSize => batch;

        public int SeqLen => seqLen;

        public int VocabSize => vocabulary;

        public long RowsPerEpoch => 1 << 20;

        public TrainingBatch Next(long step)
        {
            TrainingBatch rows = new(batch, seqLen);
            Random random = new((int)step);
            for (int i = 0; i < rows.Tokens.Length; i++)
            {
                rows.Tokens[i] = random.Next(vocabulary);
                rows.Targets[i] = random.Next(vocabulary);
                rows.Positions[i] = i % seqLen;
                rows.FirstKeys[i] = 0;
            }
            return rows;
        }
    }
}
