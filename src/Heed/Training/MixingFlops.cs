using Heed.Models;

namespace Heed.Training;

/// <summary>
/// What mixing the positions takes beside the products with weights, and which parameters are no such weights. A multiply-add is two
/// operations, and the backward pass takes twice the forward one; exponentials are not counted.
/// </summary>
internal static class MixingFlops
{
    private static readonly string[] s_tables =
        [WeightNames.AftPosition, WeightNames.AftPositionLeft, WeightNames.AftPositionRight, WeightNames.LinformerKeys, WeightNames.LinformerValues, WeightNames.MambaLogA];

    /// <summary>Operations per token, forward and backward, in rows of <paramref name="seqLen"/> tokens.</summary>
    public static double PerToken(ModelConfig config, int seqLen)
    {
        double layers = config.NumLayers, hidden = config.HiddenSize, heads = (double)config.NumHeads * config.HeadSize;
        double bias = config.AftFactorSize == 0 ? 0 : 6.0 * config.AftFactorSize * seqLen;
        return config.Mixer switch
        {
            MixerKind.Attention => 12 * heads * Enumerable.Range(0, config.NumLayers).Sum(layer => (double)KeysSeen(config, layer, seqLen)),
            // Two sums, over the values and in the denominator, each of all that is seen; biases of factors are products of their own.
            MixerKind.AftFull => layers * (12 * hidden * seqLen + bias),
            // What has no bias of its own is in running sums.
            MixerKind.AftLocal => layers * 12 * hidden * (1 + Math.Min(seqLen, config.Bidirectional ? 2.0 * config.AftWindow - 1 : config.AftWindow)),
            MixerKind.AftSimple => layers * 12 * hidden,
            // Keys and values are projected, then attended to.
            MixerKind.Linformer => layers * 24 * heads * config.LinformerSize,
            // Step times A, decay, input and output of each state.
            MixerKind.Mamba => layers * 24 * config.MambaChannels * config.MambaStateSize,
            _ => layers * 12 * heads * seqLen,
        };
    }

    /// <summary>The parameters that are looked up, or whose work <see cref="PerToken"/> counts.</summary>
    public static long Tables(ModelConfig config)
    {
        long positions = config.MaxSeqLen, learned = config.Positions == PositionKind.Learned ? positions * config.HiddenSize : 0;
        return learned + config.NumLayers * config.Mixer switch
        {
            MixerKind.AftFull => config.AftFactorSize == 0 ? positions * positions : 2 * positions * config.AftFactorSize,
            MixerKind.AftLocal => positions * (2L * config.AftWindow - 1),
            MixerKind.Linformer => (config.LinformerShared ? 1 : 2) * positions * config.LinformerSize,
            MixerKind.Mamba => (long)config.MambaChannels * config.MambaStateSize,
            _ => 0,
        };
    }

    /// <summary>Whether a parameter is one of the <see cref="Tables"/>.</summary>
    public static bool IsTable(string name) =>
        name.StartsWith(WeightNames.PositionEmbedding, StringComparison.Ordinal) || Array.Exists(s_tables, table => name.EndsWith("." + table, StringComparison.Ordinal));

    private static int KeysSeen(ModelConfig config, int layer, int seqLen)
    {
        long window = config.AttentionOptionsOf(layer).Window;
        return window == 0 ? seqLen : (int)Math.Min(seqLen, config.Bidirectional ? 2 * window + 1 : window);
    }
}
