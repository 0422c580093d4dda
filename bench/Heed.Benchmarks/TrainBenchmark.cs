using System.Diagnostics;
using System.Globalization;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>A training step (forward, backward, AdamW) of a Llama-like model with tied embeddings on random tokens: tokens per second.</summary>
internal static class TrainBenchmark
{
    public static int Run(string[] args)
    {
        bool gpt2 = args is ["gpt2", ..];
        if (gpt2) args = args[1..];
        int[] numbers = [.. args.Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        int threads = At(0, 2), vocabulary = At(1, 512), steps = At(2, 5), dim = At(3, 288), layers = At(4, 6), heads = At(5, 6), inner = At(6, 768), seq = At(7, 256), batch = At(8, 8);
        ModelConfig config = new()
        {
            HiddenSize = dim,
            NumLayers = layers,
            NumHeads = heads,
            IntermediateSize = inner,
            VocabSize = vocabulary,
            MaxSeqLen = seq,
            TieEmbeddings = true,
        };
        if (gpt2)
            config = config with
            {
                Norm = NormKind.Layer,
                Positions = PositionKind.Learned,
                Activation = Activation.GeluTanh,
                GatedFeedForward = false,
                QkvBias = true,
                AttentionOutputBias = true,
                FeedForwardBias = true,
            };
        using Device device = Device.CreateCpu(threads);
        Transformer model = new(config, new RandomWeights(1, layers, device));
        Step step = new(model, device);
        Random random = new(2);
        Samples samples = new();
        double loss = 0;
        using TensorScope scope = new();
        for (int i = 0; i < steps + 2; i++)
        {
            int[] tokens = Draw(random, batch * seq, vocabulary), targets = Draw(random, batch * seq, vocabulary);
            double seconds = Samples.Time(() => loss = step.Run(scope, tokens, targets, batch));
            // The first two steps compile the code and fill the caches.
            if (i >= 2) samples.Add(seconds);
        }
        double rate = batch * seq / samples.Median;
        long work = 6 * config.ParameterCount() * batch * seq;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"train heed threads={threads} dim={dim} L={layers} V={vocabulary} B={batch} S={seq}: step median {samples.Median * 1e3:F1} ms (min {samples.Quantile(0) * 1e3:F1} max {samples.Quantile(1) * 1e3:F1}) = {rate:F0} tok/s, {work / samples.Median / 1e9:F1} GFLOP/s(6ND), loss {loss:F3}, peak RSS {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB"));
        return 0;

        int At(int index, int value) => index < numbers.Length ? numbers[index] : value;
    }

    private static int[] Draw(Random random, int count, int bound)
    {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) values[i] = random.Next(bound);
        return values;
    }

    private sealed class Step
    {
        private readonly Transformer _model;
        private readonly Device _device;
        private readonly (Tensor First, Tensor Second)[] _moments;
        private long _count;

        public Step(Transformer model, Device device)
        {
            _model = model;
            _device = device;
            foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
            _moments = [.. model.Parameters.Select(parameter => (Tensor.Zeros(parameter.Value.Shape, device), Tensor.Zeros(parameter.Value.Shape, device)))];
        }

        public double Run(TensorScope scope, int[] tokens, int[] targets, int batch)
        {
            using TensorScope.Lease lease = scope.Enter();
            foreach (Parameter parameter in _model.Parameters) parameter.Value.ClearGradient();
            Tensor loss;
            using (GradientTape tape = new())
            {
                loss = _model.Loss(tokens, targets, batch);
                tape.Backward(loss);
            }
            _count++;
            for (int i = 0; i < _moments.Length; i++)
            {
                Tensor value = _model.Parameters[i].Value;
                AdamWStep step = new(3e-4f, 0.9f, 0.95f, 1e-8f, value.Rank >= 2 ? 0.1f : 0, _count, 1, 0);
                _device.Backend.AdamW(value, value.Gradient!, _moments[i].First, _moments[i].Second, step);
            }
            return loss.Item();
        }
    }
}
