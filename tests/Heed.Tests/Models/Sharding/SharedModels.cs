using Heed.Distributed;
using Heed.Models;
using Heed.Models.Sharding;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Training;

namespace Heed.Tests.Models.Sharding;

/// <summary>Small models of many kinds that up to four ranks can share, and their shares.</summary>
internal static class SharedModels
{
    public static readonly int[] Tokens = [3, 12, 5, 6, 0, 7, 4, 8, 8, 11, 2, 9, 10, 1, 3, 5];

    private static readonly ModelConfig s_config = TinyRun.Config with { HiddenSize = 24, NumHeads = 4, NumKvHeads = 4, HeadDim = 6, IntermediateSize = 32, MaxSeqLen = 24 };

    private static readonly string[] s_names =
    [
        "llama", "grouped", "one-kv", "tied", "biases", "gpt", "qk-norm", "qk-layer-norm", "post-norms", "alibi", "relative", "values", "window", "longformer", "longformer-relative", "bigbird",
        "sinusoidal", "top-k", "partial-rotary",
    ];

    public static TheoryData<string, int> Causal
    {
        get
        {
            TheoryData<string, int> all = [];
            foreach (string name in s_names)
                foreach (int ranks in new[] { 2, 4 }) all.Add(name, ranks);
            all.Add("llama", 1);
            return all;
        }
    }

    public static TheoryData<string, int> All
    {
        get
        {
            TheoryData<string, int> all = Causal;
            foreach (string name in new[] { "both-ways", "batch-norm", "encoder", "encoder-grouped" }) all.Add(name, 4);
            return all;
        }
    }

    public static ModelConfig ConfigOf(string name)
    {
        ModelConfig biases = s_config with { QkvBias = true, AttentionOutputBias = true, FeedForwardBias = true };
        ModelConfig longformer = s_config with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 2, GlobalTokens = 2, NumKvHeads = 2, QkvBias = true };
        return name switch
        {
            "llama" => s_config,
            "grouped" => s_config with { HiddenSize = 32, NumHeads = 8, NumKvHeads = 2, HeadDim = null, VocabSize = 14, QkvBias = true },
            "one-kv" => s_config with { NumKvHeads = 1, QkNorm = true, QkvBias = true },
            "tied" => s_config with { TieEmbeddings = true, VocabSize = 15, EmbeddingScale = 4 },
            "biases" => biases,
            "gpt" => biases with { NumKvHeads = null, Norm = NormKind.Layer, Positions = PositionKind.Learned, Activation = Activation.GeluTanh, GatedFeedForward = false, TieEmbeddings = true },
            "qk-norm" => s_config with { QkNorm = true, NumKvHeads = 2 },
            "qk-layer-norm" => s_config with { QkNorm = true, Norm = NormKind.Layer },
            "post-norms" => s_config with { PostNorms = true, AttentionSoftCap = 5, LogitSoftCap = 3, AttentionOutputBias = true, FeedForwardBias = true },
            "alibi" => s_config with { Positions = PositionKind.Alibi, AttentionSinks = true, NumHeads = 12, HeadDim = 4 },
            "relative" => s_config with { Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 12, AttentionSinks = true },
            "values" => s_config with { ValueHeadDim = 3, NumKvHeads = 2 },
            "window" => s_config with { Window = 4, WindowEvery = 2 },
            "longformer" => longformer,
            "longformer-relative" => longformer with { NumKvHeads = null, Positions = PositionKind.Alibi, AttentionSinks = true, QkNorm = true },
            "bigbird" => s_config with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 2, BigBirdWindow = 3, BigBirdGlobal = 1, BigBirdRandom = 1, BigBirdSeed = 7 },
            "sinusoidal" => biases with { Positions = PositionKind.Sinusoidal, NormPlacement = NormPlacement.Post },
            "top-k" => s_config with { AttentionTopK = 3 },
            "partial-rotary" => s_config with { RotaryDim = 4, RopeLayout = RopeLayout.HalfSplit, RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 2, 8) },
            "both-ways" => s_config with { Bidirectional = true, Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 12 },
            "batch-norm" => s_config with { Norm = NormKind.Batch, Bidirectional = true },
            "encoder" => (biases with { Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 12, TieEmbeddings = true }).WithEncoder(1),
            "encoder-grouped" => (s_config with { NumKvHeads = 2, QkNorm = true }).WithEncoder() is var config ? config with { Encoder = config.Encoder! with { NumHeads = 8, NumKvHeads = 1, IntermediateSize = 20 } } : null!,
            _ => throw new ArgumentException($"There is no small model '{name}'.", nameof(name)),
        };
    }

    /// <summary>What an encoder reads; null where there is none.</summary>
    public static SourceRows? Sources(ModelConfig config, int rows) => config.Encoder is null ? null : new SourceRows([.. Enumerable.Range(0, rows).Select(row => Tokens[row..(row + 4 + row)])]);

    /// <summary>This rank's share of a model.</summary>
    public static Transformer Share(Transformer whole, ICommunicator ranks, bool sequenceParallel = false)
    {
        Dictionary<string, Tensor> all = whole.Parameters.Concat(whole.Buffers).ToDictionary(parameter => parameter.Name, parameter => parameter.Value, StringComparer.Ordinal);
        return TensorParallel.Build(whole.Config, new NamedWeights(name => MatrixSlice.Copy(null, name, all[name]), whole.Device), ranks, sequenceParallel);
    }

    /// <summary>Has every parameter ask for its gradient.</summary>
    public static void Watch(Transformer model)
    {
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
    }

    /// <summary>The whole of what ranks have parts of, on every rank.</summary>
    public static double[] Whole(Tensor part, ParameterShard? shard, ICommunicator ranks)
    {
        Tensor? whole = shard is null ? part : ShardedParameters.Gather(part, shard);
        double[] values = new double[(shard?.Whole ?? part.Shape).ElementCount];
        if (whole is not null)
            for (int i = 0; i < values.Length; i++) values[i] = whole.DType == DType.Float32 ? whole.Span<float>(values.Length)[i] : whole.Span<double>(values.Length)[i];
        ranks.Broadcast<double>(values);
        return values;
    }

    public static void Close(ReadOnlySpan<float> got, ReadOnlySpan<float> expected, string what)
    {
        got.Length.ShouldBe(expected.Length, what);
        float scale = 1e-6f;
        foreach (float value in expected) scale = Math.Max(scale, Math.Abs(value));
        for (int i = 0; i < got.Length; i++) Math.Abs(got[i] - expected[i]).ShouldBeLessThan(1e-5f * scale, $"{what}, element {i}: {got[i]}, expected {expected[i]}, scale {scale}");
    }

    /// <summary>The loss, the whole gradient of every parameter, and the square of their norm.</summary>
    public static (double Loss, Dictionary<string, double[]> Gradients, double Norm) Gradients(Transformer model, ICommunicator ranks, bool recompute = true)
    {
        int[] tokens = Tokens, targets = [.. tokens[1..], -100];
        Watch(model);
        using GradientTape tape = new();
        Tensor loss = model.Loss(tokens, targets, batch: 2, recompute: recompute, sources: Sources(model.Config, 2), dropoutSeed: model.Config.Norm == NormKind.Batch ? 1 : null);
        tape.Backward(loss);
        ShardedParameters.SumPartialGradients(model.Parameters);
        Dictionary<string, double[]> gradients = model.Parameters.ToDictionary(parameter => parameter.Name, parameter => Whole(parameter.Value.Gradient!, parameter.Shard, ranks), StringComparer.Ordinal);
        return (loss.Item(), gradients, ShardedParameters.SquaredGradientNorm(model.Parameters));
    }

    /// <summary>Holds what ranks computed in double against what one did.</summary>
    public static void Same((double Loss, Dictionary<string, double[]> Gradients, double Norm) got, (double Loss, Dictionary<string, double[]> Gradients, double Norm) expected)
    {
        got.Loss.ShouldBe(expected.Loss, 1e-12 * expected.Loss);
        got.Norm.ShouldBe(expected.Norm, 1e-10 * expected.Norm);
        got.Gradients.Keys.ShouldBe(expected.Gradients.Keys, ignoreOrder: true);
        foreach ((string parameter, double[] gradient) in expected.Gradients)
        {
            double scale = 1e-11 * (1 + gradient.Max(Math.Abs));
            for (int i = 0; i < gradient.Length; i++)
                Math.Abs(got.Gradients[parameter][i] - gradient[i]).ShouldBeLessThan(scale, $"{parameter}[{i}]: {got.Gradients[parameter][i]}, expected {gradient[i]}");
        }
    }
}
