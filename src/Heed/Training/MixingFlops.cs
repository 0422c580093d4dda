using Heed.Models;
using Heed.Tensors;

namespace Heed.Training;

/// <summary>
/// What mixing the positions takes beside the products with weights, and which parameters are no such weights. A multiply-add is two
/// operations, and the backward pass takes twice the forward one; exponentials are not counted.
/// </summary>
internal static class MixingFlops
{
    private static readonly string[] s_tables =
        [WeightNames.AftPosition, WeightNames.AftPositionLeft, WeightNames.AftPositionRight, WeightNames.LinformerKeys, WeightNames.LinformerValues, WeightNames.MambaLogA];

    /// <summary>
    /// Operations per token, forward and backward, in rows of <paramref name="seqLen"/> tokens; beside an encoder each row has a source of
    /// as many tokens, or of the encoder's whole context if that is shorter.
    /// </summary>
    public static double PerToken(ModelConfig config, int seqLen)
    {
        double own = OfMixer(config, seqLen);
        if (config.Encoder is not { } encoder) return own;
        int source = Math.Min(seqLen, encoder.MaxSeqLen);
        return own + config.NumLayers * PerPair(config) * source + OfMixer(encoder, source) * source / seqLen;
    }

    private static double OfMixer(ModelConfig config, int seqLen)
    {
        double layers = config.NumLayers, hidden = config.HiddenSize, heads = (double)config.NumHeads * config.HeadSize;
        double bias = config.AftFactorSize == 0 ? 0 : 6.0 * config.AftFactorSize * seqLen;
        return config.Mixer switch
        {
            MixerKind.Attention => PerPair(config) * Enumerable.Range(0, config.NumLayers).Sum(layer => KeysSeen(config, layer, seqLen)),
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
        long encoder = config.Encoder is null ? 0 : Tables(config.Encoder);
        return encoder + learned + config.NumLayers * config.Mixer switch
        {
            MixerKind.AftFull => config.AftFactorSize == 0 ? positions * positions : 2 * positions * config.AftFactorSize,
            MixerKind.AftLocal => positions * (2L * config.AftWindow - 1),
            MixerKind.Linformer => (config.LinformerShared ? 1 : 2) * positions * config.LinformerSize,
            MixerKind.Mamba => (long)config.MambaChannels * config.MambaStateSize,
            _ => 0,
        };
    }

    /// <summary>Whether a parameter is one of the <see cref="Tables"/>.</summary>
    public static bool IsTable(string name) => name.StartsWith(WeightNames.PositionEmbedding, StringComparison.Ordinal)
        || name.StartsWith($"{WeightNames.Encoder}.{WeightNames.PositionEmbedding}", StringComparison.Ordinal) || Array.Exists(s_tables, table => name.EndsWith("." + table, StringComparison.Ordinal));

    /// <summary>Of a query and a key that it sees, in all heads: q·k, and the value times its probability.</summary>
    private static double PerPair(ModelConfig config) => 6.0 * config.NumHeads * (config.HeadSize + config.ValueHeadSize);

    private static double KeysSeen(ModelConfig config, int layer, int seqLen)
    {
        if (BlockAttention.MaskOf(config, layer) is { } mask) return (double)Pairs(mask, seqLen, config.Bidirectional) / seqLen;
        long window = config.AttentionOptionsOf(layer).Window;
        return window == 0 ? seqLen : Math.Min(seqLen, config.Bidirectional ? 2 * window + 1 : window);
    }

    private static long Pairs(AttentionMask mask, int seqLen, bool bothWays)
    {
        long pairs = 0;
        MaskRuns runs = new();
        for (int query = 0; query < seqLen; query++)
        {
            int keys = bothWays ? seqLen : query + 1;
            runs.Reset(0, keys);
            mask.Narrow(new MaskRow(0, 0, query, bothWays ? seqLen : keys, keys), runs);
            foreach ((int first, int end) in runs.Runs) pairs += end - first;
        }
        return pairs;
    }
}
