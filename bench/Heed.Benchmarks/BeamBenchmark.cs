using System.Globalization;
using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Inference.Grammars;
using Heed.Kernels;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Benchmarks;

/// <summary>A beam search beside plain greedy decoding of as many rows, in turns: how many times as long a token takes.</summary>
internal static class BeamBenchmark
{
    public static int Run(string[] args)
    {
        int Number(int index, int otherwise) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;
        int threads = Number(1, 2), prompt = Number(2, 128), tokens = Number(3, 64), rounds = Number(4, 5), beams = Number(5, 4);
        using Device device = Device.CreateCpu(threads);
        using IDisposable owner = Open(args[0], device, out Transformer model);
        int[] text = [.. Enumerable.Range(0, prompt).Select(i => (int)((i * 7919L + 13) % model.Config.VocabSize))];
        Samples plain = new(), search = new();
        List<double> ratios = [];
        for (int round = 0; round <= rounds; round++)
        {
            double batch = Batch(model, text, tokens, beams), found = Search(model, text, tokens, beams);
            if (round == 0) continue;
            plain.Add(batch);
            search.Add(found);
            ratios.Add(found / batch);
        }
        ratios.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{args[0]}, {threads} threads, prompt of {prompt}, {tokens} tokens, {rounds} rounds in turns"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"batch of {beams}  {plain.Median / tokens * 1e3,8:F2} ms a step"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{beams} beams     {search.Median / tokens * 1e3,8:F2} ms a step, {ratios[ratios.Count / 2]:F3} times as long ({ratios[0]:F3} to {ratios[^1]:F3})"));
        return 0;
    }

    private static IDisposable Open(string name, Device device, out Transformer model)
    {
        ModelConfig? shape = name switch
        {
            "135m" => new ModelConfig { HiddenSize = 576, NumLayers = 30, NumHeads = 9, NumKvHeads = 3, IntermediateSize = 1536, VocabSize = 49152, TieEmbeddings = true, MaxSeqLen = 4096 },
            "1.1b" => new ModelConfig { HiddenSize = 2048, NumLayers = 22, NumHeads = 32, NumKvHeads = 4, IntermediateSize = 5632, VocabSize = 32000, MaxSeqLen = 4096 },
            _ => null,
        };
        if (shape is null)
        {
            Checkpoint checkpoint = Checkpoint.Open(name);
            model = new Transformer(checkpoint.Config, checkpoint.Weights(device));
            return checkpoint;
        }
        QuantizationRecipe.TryFind("q8_0", out QuantizationRecipe? recipe);
        SyntheticWeights weights = new(shape, recipe!, device);
        model = new Transformer(shape, weights);
        return weights;
    }

    private static double Batch(Transformer model, int[] prompt, int count, int rows)
    {
        using KvCache cache = model.CreatePagedCache();
        using TensorScope scope = new(recycles: true);
        int[] tokens = new int[rows];
        int vocabulary = model.Config.VocabSize;
        using (scope.Enter()) tokens.AsSpan().Fill(ArgMax.Run(model.Forward(prompt, cache).AsSpan()));
        cache.Arrange(new int[rows]);
        return Samples.Time(() =>
        {
            for (int i = 1; i < count; i++)
            {
                using TensorScope.Lease step = scope.Enter();
                ReadOnlySpan<float> logits = model.Forward(tokens, cache).AsSpan();
                for (int row = 0; row < rows; row++) tokens[row] = ArgMax.Run(logits.Slice(row * vocabulary, vocabulary));
            }
        });
    }

    private static double Search(Transformer model, int[] prompt, int count, int beams)
    {
        // The texts are not asked for as such: any vocabulary will do.
        WritingModel writing = new(model, CharacterTokenizer.Train("ab"), new HashSet<int>(), new Lazy<VocabularyTrie>(() => throw new NotSupportedException()));
        BeamSearch search = new(writing, new BeamOptions { Beams = beams }, new GenerationOptions { MaxTokens = count }, model.Config.MaxSeqLen, KvCacheType.F32);
        return search.Run(prompt, null, default).Usage.Decode.TotalSeconds;
    }
}
