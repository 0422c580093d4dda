using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>Builds the attention of blocks.</summary>
internal static class BlockAttention
{
    /// <summary>A block's attention.</summary>
    /// <param name="config">A valid configuration, whose mixer is attention.</param>
    /// <param name="weights">The block's weights.</param>
    /// <param name="layer">The block's number.</param>
    /// <param name="rotary">Rotary positions, or null.</param>
    /// <param name="biases">Biases by distance, or null.</param>
    public static SelfAttention Of(ModelConfig config, IWeightSource weights, int layer, RotaryPositions? rotary, DistanceBiases? biases)
    {
        int hidden = config.HiddenSize, heads = config.NumHeads, kvHeads = config.KvHeads, headDim = config.HeadSize, valueDim = config.ValueHeadSize;
        return new SelfAttention(
            weights.Linear(WeightNames.Qkv, hidden, config.QkvSize, config.QkvBias),
            weights.Linear(WeightNames.AttentionOutput, heads * valueDim, hidden, config.AttentionOutputBias),
            kvHeads, headDim, config.AttentionOptionsOf(layer), valueDim)
        {
            Rotary = rotary,
            Distances = biases,
            TopK = config.AttentionTopK,
            QueryNorm = config.QkNorm ? TransformerBlock.NormOf(config, weights, WeightNames.QueryNorm, headDim) : null,
            KeyNorm = config.QkNorm ? TransformerBlock.NormOf(config, weights, WeightNames.KeyNorm, headDim) : null,
            Bidirectional = config.Bidirectional,
            Sinks = config.AttentionSinks ? weights.Tensor(WeightNames.AttentionSinks, new Shape(heads)) : null,
            Pattern = PatternOf(config, weights, layer),
        };
    }

    /// <summary>What queries of a block see beside causality and windows, those of global tokens included; null for all.</summary>
    public static AttentionMask? MaskOf(ModelConfig config, int layer) => config.AttentionPattern switch
    {
        AttentionPatternKind.Longformer => new LongformerPattern(config.LongformerWindow, config.LongformerDilation, config.GlobalTokens).Mask,
        AttentionPatternKind.BigBird => BigBird(config, layer).Mask,
        AttentionPatternKind.Local => new LocalPattern(config.LocalBlock).Mask,
        _ => null,
    };

    private static BigBirdPattern BigBird(ModelConfig config, int layer) =>
        new(config.BigBirdBlock, config.BigBirdWindow, config.BigBirdGlobal, config.BigBirdRandom, unchecked(config.BigBirdSeed + layer));

    private static AttentionPattern? PatternOf(ModelConfig config, IWeightSource weights, int layer)
    {
        int hidden = config.HiddenSize, headDim = config.HeadSize;
        bool own = config.HasGlobalProjections;
        return config.AttentionPattern switch
        {
            AttentionPatternKind.Longformer => new LongformerPattern(config.LongformerWindow, config.LongformerDilation, config.GlobalTokens,
                own ? weights.Linear(WeightNames.GlobalQuery, hidden, config.NumHeads * headDim, config.QkvBias) : null,
                own ? weights.Linear(WeightNames.GlobalKeyValue, hidden, config.KvHeads * (headDim + config.ValueHeadSize), config.QkvBias) : null),
            AttentionPatternKind.BigBird => BigBird(config, layer),
            AttentionPatternKind.Local => new LocalPattern(config.LocalBlock),
            _ => null,
        };
    }
}
