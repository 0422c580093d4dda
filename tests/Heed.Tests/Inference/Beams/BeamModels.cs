using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Tests.Inference.Beams;

/// <summary>Models of a few tokens with random weights, large enough to have opinions.</summary>
internal static class BeamModels
{
    /// <summary>A model whose tokens are letters from a on, and the last one &lt;unk&gt;, which stands for an end token in tests.</summary>
    public static LanguageModel Tiny(int vocabSize, int seed, ModelConfig? config = null, Device? device = null)
    {
        CharacterTokenizer tokenizer = Letters(vocabSize);
        config = (config ?? new ModelConfig { HiddenSize = 16, IntermediateSize = 24, NumLayers = 2, NumHeads = 2, NumKvHeads = 1, VocabSize = 2, MaxSeqLen = 64 }) with { VocabSize = vocabSize };
        return new LanguageModel(Strong(config, seed, device), tokenizer);
    }

    public static CharacterTokenizer Letters(int vocabSize) => CharacterTokenizer.Train(new string([.. Enumerable.Range(0, vocabSize - 1).Select(i => (char)('a' + i))]));

    public static Transformer Strong(ModelConfig config, int seed, Device? device = null)
    {
        Transformer model = new(config, new RandomWeights(seed, config.NumLayers, device));
        Random random = new(seed + 100);
        foreach (Parameter parameter in model.Parameters)
            parameter.Value.Assign(parameter.Value + Tensor.Normal(parameter.Value.Shape, random, 0, 0.4, device));
        return model;
    }

    /// <summary>The logits after a text, read anew and whole.</summary>
    public static float[] Logits(LanguageModel model, ReadOnlySpan<int> tokens) => model.Transformer.Forward(tokens).ToArray();

    /// <summary>The natural logarithms of the softmax, in double.</summary>
    public static double[] LogSoftmax(ReadOnlySpan<float> logits)
    {
        double[] values = [.. logits.ToArray().Select(logit => (double)logit)];
        double max = values.Max(), log = Math.Log(values.Sum(value => Math.Exp(value - max)));
        return [.. values.Select(value => value - max - log)];
    }

    public static double LengthPenalty(int n, double alpha) => Math.Pow((5.0 + n) / 6, alpha);

    /// <summary>Every text of up to <paramref name="depth"/> tokens that ends with the end token (−1 for none) or is that long, the best first.</summary>
    public static List<(int[] Tokens, double Score)> All(Func<int[], double[]> logProbabilities, int depth, int end, double alpha)
    {
        List<(int[] Tokens, double Score)> all = [];
        void Visit(int[] tokens, double sum)
        {
            double[] next = logProbabilities(tokens);
            for (int token = 0; token < next.Length; token++)
            {
                if (double.IsNegativeInfinity(next[token])) continue;
                int[] longer = [.. tokens, token];
                if (token == end || longer.Length == depth) all.Add((longer, (sum + next[token]) / LengthPenalty(longer.Length, alpha)));
                else Visit(longer, sum + next[token]);
            }
        }
        Visit([], 0);
        return [.. all.OrderByDescending(text => text.Score)];
    }

    public static async Task<BeamResult> Search(LanguageModel model, int[] prompt, BeamOptions beams, GenerationOptions options) => await model.SearchAsync(prompt, beams, options);
}
