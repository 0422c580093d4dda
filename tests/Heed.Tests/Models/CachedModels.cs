using Heed.Models;

namespace Heed.Tests.Models;

/// <summary>Small models of every kind of attention that a cache serves.</summary>
internal static class CachedModels
{
    public const int Vocab = 31;

    public static readonly string[] Names =
        ["plain", "rolling", "alibi", "relative", "capped top-k", "sinks", "qk norm", "odd values", "longformer", "bigbird", "local", "pairs of heads"];

    public static readonly ModelConfig Config = new()
    {
        HiddenSize = 48,
        IntermediateSize = 40,
        NumLayers = 3,
        NumHeads = 4,
        NumKvHeads = 2,
        HeadDim = 40,
        VocabSize = Vocab,
        MaxSeqLen = 1100,
    };

    public static ModelConfig ConfigOf(string name)
    {
        ModelConfig longformer = Config with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 20, GlobalTokens = 3 };
        return name switch
        {
            "plain" => Config,
            "rolling" => Config with { Window = 20, WindowEvery = 2 },
            "alibi" => Config with { Positions = PositionKind.Alibi },
            "relative" => Config with { Positions = PositionKind.Relative },
            "capped top-k" => Config with { AttentionTopK = 7, AttentionSoftCap = 10 },
            "sinks" => Config with { AttentionSinks = true, Window = 33 },
            "qk norm" => Config with { QkNorm = true, HeadDim = 64 },
            "odd values" => Config with { ValueHeadDim = 7 },
            "longformer" => longformer,
            "bigbird" => Config with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 16, BigBirdWindow = 3, BigBirdGlobal = 1, BigBirdRandom = 1 },
            "local" => Config with { AttentionPattern = AttentionPatternKind.Local, LocalBlock = 50 },
            _ => Config with { NumHeads = 2, HeadDim = 32, Positions = PositionKind.Learned },
        };
    }
}
