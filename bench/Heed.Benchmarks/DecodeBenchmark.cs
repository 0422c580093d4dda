using System.Diagnostics;
using System.Globalization;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>Greedy decode of a model file without a tokenizer or streaming: tokens per second after a warm-up.</summary>
internal static class DecodeBenchmark
{
    public static int Run(string[] args)
    {
        int threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
        int tokens = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 200;
        using Checkpoint checkpoint = Checkpoint.Open(args[0]);
        using Device device = Device.CreateCpu(threads);
        Transformer model = new(checkpoint.Config, checkpoint.Weights(device));
        Decode(model, tokens);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"decode {Decode(model, tokens):F1} tok/s"));
        return 0;
    }

    private static double Decode(Transformer model, int tokens)
    {
        Sampler sampler = new(GenerationOptions.Greedy, model.Config.VocabSize);
        using KvCache cache = model.CreateCache();
        using TensorScope scope = new(recycles: true);
        int token = 1;
        long start = 0;
        for (int i = 0; i <= tokens; i++)
        {
            // The first token counts for neither side: it brings the weights into the cache.
            if (i == 1) start = Stopwatch.GetTimestamp();
            using TensorScope.Lease step = scope.Enter();
            token = sampler.Sample(model.Forward(new ReadOnlySpan<int>(in token), cache).AsSpan());
        }
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
