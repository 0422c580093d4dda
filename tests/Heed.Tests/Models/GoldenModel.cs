using System.Text.Json;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>One family of tests/Golden/models: a model file and what PyTorch computes with it.</summary>
internal sealed class GoldenModel
{
    private readonly string _folder;

    public GoldenModel(string family)
    {
        _folder = TestData.Golden($"models/{family}");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "expected.json")));
        JsonElement root = expected.RootElement;
        VocabSize = root.GetProperty("vocab_size").GetInt32();
        Sequences = [.. root.GetProperty("sequences").EnumerateArray().Select(Ints)];
        Prompt = Sequences[root.GetProperty("greedy").GetProperty("prompt").GetInt32()];
        Greedy = Ints(root.GetProperty("greedy").GetProperty("tokens"));
    }

    public int VocabSize { get; }

    public int[][] Sequences { get; }

    public int[] Prompt { get; }

    public int[] Greedy { get; }

    /// <summary>The path of a file of the family, or of the family's folder.</summary>
    public string PathOf(string file) => file.Length == 0 ? _folder : Path.Combine(_folder, file);

    /// <summary>The expected logits of each sequence, [length · vocabulary].</summary>
    public float[][] Logits(string file = "logits.f32")
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(_folder, file));
        float[] all = new float[bytes.Length / sizeof(float)];
        Buffer.BlockCopy(bytes, 0, all, 0, bytes.Length);
        int at = 0;
        return [.. Sequences.Select(sequence =>
        {
            int count = sequence.Length * VocabSize;
            at += count;
            return all[(at - count)..at];
        })];
    }

    /// <summary>The model, with room for the goldens' sequences and their continuation.</summary>
    public static Transformer Build(Checkpoint checkpoint, Device? device = null, bool dense = false, bool exact = false)
    {
        ModelConfig config = checkpoint.Config;
        if (config.Positions == PositionKind.Rotary) config = config with { MaxSeqLen = Math.Max(config.MaxSeqLen, 64) };
        return new Transformer(config, checkpoint.Weights(device, dense ? WeightForm.Dense : exact ? WeightForm.Exact : WeightForm.Fast));
    }

    /// <summary>The logits of all tokens in one pass.</summary>
    public static float[] Forward(Transformer model, ReadOnlySpan<int> tokens)
    {
        using Tensor logits = model.Forward(tokens, rows: LogitRows.All);
        return logits.ToArray();
    }

    /// <summary>The largest difference, as a share of the largest expected number.</summary>
    public static double Error(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        actual.Length.ShouldBe(expected.Length);
        double largest = 0, error = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            double difference = Math.Abs((double)actual[i] - expected[i]);
            error = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(error, difference);
        }
        return error / largest;
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];
}
