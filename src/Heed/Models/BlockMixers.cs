using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>Builds the mixers that stand in attention's place.</summary>
internal static class BlockMixers
{
    /// <summary>A block's mixer.</summary>
    /// <param name="config">A valid configuration, whose mixer is not attention.</param>
    /// <param name="weights">The block's weights.</param>
    public static SequenceMixer Of(ModelConfig config, IWeightSource weights)
    {
        bool causal = !config.Bidirectional;
        int hidden = config.HiddenSize, heads = config.NumHeads;
        if (config.Mixer == MixerKind.Mamba) return Mamba(config, weights);
        int inner = config.MixerSize;
        Linear qkv = weights.Linear(WeightNames.MixerQkv, hidden, 3 * inner, config.QkvBias);
        Linear output = weights.Linear(WeightNames.MixerOutput, inner, hidden, config.AttentionOutputBias);
        return config.Mixer switch
        {
            MixerKind.Hard => new HardAttention(qkv, output, heads, causal, config.HardChunk),
            MixerKind.Linformer => new Linformer(qkv, output, heads, Projection(WeightNames.LinformerKeys),
                config.LinformerShared ? null : Projection(WeightNames.LinformerValues)),
            _ => new AttentionFreeMixer(qkv, output, Biases(config, weights), causal),
        };

        Tensor Projection(string name) => weights.Tensor(name, Shape.Of(config.LinformerSize, config.MaxSeqLen));
    }

    private static PositionBias Biases(ModelConfig config, IWeightSource weights)
    {
        int positions = config.MaxSeqLen, factor = config.AftFactorSize, window = config.AftWindow;
        return config.Mixer switch
        {
            MixerKind.AftSimple => PositionBias.None,
            MixerKind.AftLocal => PositionBias.Band(weights.Tensor(WeightNames.AftPosition, Shape.Of(positions, 2 * window - 1)), window),
            _ when factor == 0 => PositionBias.Dense(weights.Tensor(WeightNames.AftPosition, Shape.Of(positions, positions))),
            _ => PositionBias.Factors(weights.Tensor(WeightNames.AftPositionLeft, Shape.Of(positions, factor)),
                weights.Tensor(WeightNames.AftPositionRight, Shape.Of(positions, factor))),
        };
    }

    private static MambaMixer Mamba(ModelConfig config, IWeightSource weights)
    {
        int hidden = config.HiddenSize, channels = config.MambaChannels, states = config.MambaStateSize, rank = config.MambaStepRank;
        return new MambaMixer(
            weights.Linear(WeightNames.MambaInput, hidden, 2 * channels, config.QkvBias),
            weights.Tensor(WeightNames.MambaConvolution, Shape.Of(channels, config.MambaConvolutionWidth)),
            weights.Tensor(WeightNames.MambaConvolutionBias, new Shape(channels)),
            weights.Linear(WeightNames.MambaSelection, channels, rank + 2 * states),
            weights.Linear(WeightNames.MambaStep, rank, channels, bias: true),
            weights.Tensor(WeightNames.MambaLogA, Shape.Of(channels, states)),
            weights.Tensor(WeightNames.MambaSkip, new Shape(channels)),
            weights.Linear(WeightNames.MixerOutput, channels, hidden, config.AttentionOutputBias));
    }
}
