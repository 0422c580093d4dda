using Heed.Models;
using Heed.Tensors;
using Heed.Tests.Training;

namespace Heed.Tests.Models;

/// <summary>Small models whose values are of another size than their keys, d_v ≠ d_k; most of their sizes divide nothing.</summary>
internal static class ValueHeadModels
{
    public static TheoryData<string> Names => ["larger", "smaller", "biases", "window", "longformer", "shared", "bigbird", "sinks"];

    public static ModelConfig ConfigOf(string name)
    {
        ModelConfig config = TinyRun.Config with { MaxSeqLen = 24, NumHeads = 4, NumKvHeads = 2, HeadDim = 4, ValueHeadDim = 7 };
        ModelConfig longformer = config with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 2, GlobalTokens = 2, QkvBias = true };
        return name switch
        {
            "larger" => config,
            "smaller" => config with { HeadDim = 6, ValueHeadDim = 3, NumKvHeads = 1 },
            "biases" => config with { QkNorm = true, QkvBias = true, AttentionOutputBias = true, ValueHeadDim = 5, RopeLayout = RopeLayout.HalfSplit },
            "window" => config with { Window = 3, WindowEvery = 2, ValueHeadDim = 1 },
            "longformer" => longformer with { QkNorm = true },
            "shared" => longformer with { GlobalsShared = true, Positions = PositionKind.Alibi },
            "bigbird" => config with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 2, BigBirdWindow = 1, BigBirdGlobal = 1, BigBirdRandom = 1 },
            "sinks" => config with { AttentionSinks = true, AttentionTopK = 3, AttentionSoftCap = 5, Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 12 },
            _ => throw new ArgumentException($"There is no small model '{name}'.", nameof(name)),
        };
    }

    public static Transformer Make(string name, Device? device = null) => MixerModels.Make(ConfigOf(name), device);
}
