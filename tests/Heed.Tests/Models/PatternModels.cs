using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Training;

namespace Heed.Tests.Models;

/// <summary>Small models with sparse attention and with sinks.</summary>
internal static class PatternModels
{
    public static readonly string[] Names = ["longformer", "dilated", "shared", "alibi", "relative-top-k", "no-globals", "bigbird", "bigbird-alibi", "local", "local-alibi", "sinks"];

    public static TheoryData<string> Causal => [.. Names];

    public static TheoryData<string> BothWays => [.. Names.Select(name => name + "-both-ways")];

    public static ModelConfig ConfigOf(string name)
    {
        const string Ways = "-both-ways";
        if (name.EndsWith(Ways, StringComparison.Ordinal)) return ConfigOf(name[..^Ways.Length]) with { Bidirectional = true };
        ModelConfig config = TinyRun.Config with { MaxSeqLen = 24 };
        ModelConfig longformer = config with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 2 };
        ModelConfig bigbird = config with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 2, BigBirdWindow = 3, BigBirdGlobal = 1, BigBirdRandom = 1, BigBirdSeed = 7 };
        return name switch
        {
            "longformer" => longformer with { GlobalTokens = 2 },
            "dilated" => longformer with { LongformerWindow = 1, LongformerDilation = 3, GlobalTokens = 3, QkvBias = true, QkNorm = true, NumKvHeads = null, Positions = PositionKind.Learned },
            "shared" => longformer with { GlobalTokens = 2, GlobalsShared = true, AttentionSoftCap = 5 },
            "alibi" => longformer with { LongformerWindow = 1, GlobalTokens = 2, Positions = PositionKind.Alibi, AttentionSinks = true },
            "relative-top-k" => longformer with { GlobalTokens = 4, Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 12, AttentionTopK = 3, AttentionSinks = true },
            "no-globals" => longformer with { LongformerWindow = 3, LongformerDilation = 2, GlobalTokens = 0 },
            "bigbird" => bigbird with { BigBirdWindow = 1 },
            "bigbird-alibi" => bigbird with { Positions = PositionKind.Alibi, AttentionSinks = true, NormPlacement = NormPlacement.Post },
            "local" => config with { AttentionPattern = AttentionPatternKind.Local, LocalBlock = 4 },
            "local-alibi" => config with { AttentionPattern = AttentionPatternKind.Local, LocalBlock = 3, Positions = PositionKind.Alibi, AttentionSinks = true },
            "sinks" => config with { AttentionSinks = true, Window = 4 },
            _ => throw new ArgumentException($"There is no small model '{name}'.", nameof(name)),
        };
    }

    /// <summary>A model whose weights are large enough for all of them to matter.</summary>
    public static Transformer Make(string name, Device? device = null) => MixerModels.Make(ConfigOf(name), device);

    /// <summary>All logits as training sees them, by the rows' own attention.</summary>
    public static float[] OwnLogits(Transformer model, int[] tokens)
    {
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using GradientTape tape = new();
        float[] logits = model.Forward(tokens, rows: LogitRows.All).ToArray();
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = false;
        return logits;
    }
}
