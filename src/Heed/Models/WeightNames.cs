namespace Heed.Models;

/// <summary>
/// The names by which <see cref="Transformer"/> asks its weight source for layers; every checkpoint format maps its own
/// names to these. A linear layer "x" has the tensors "x.weight" and "x.bias".
/// </summary>
public static class WeightNames
{
    /// <summary>The token table, [vocabulary, hidden].</summary>
    public const string Embedding = "embedding";

    /// <summary>The table of learned positions, [maxSeqLen, hidden].</summary>
    public const string PositionEmbedding = "position_embedding";

    /// <summary>The table of learned biases by distance, [buckets, heads].</summary>
    public const string RelativeBias = "relative_bias";

    /// <summary>The scope of an encoder's layers, which have the names of a model's own.</summary>
    public const string Encoder = "encoder";

    /// <summary>The scope of block i is "blocks.i".</summary>
    public const string Blocks = "blocks";

    /// <summary>Within a block: the norm before attention, or after it is added.</summary>
    public const string AttentionNorm = "attention_norm";

    /// <summary>Within a block: queries, keys and values, rows in that order.</summary>
    public const string Qkv = "attention.qkv";

    /// <summary>Within a block: the norm of query heads, [headDim].</summary>
    public const string QueryNorm = "attention.query_norm";

    /// <summary>Within a block: the norm of key heads, [headDim].</summary>
    public const string KeyNorm = "attention.key_norm";

    /// <summary>Within a block: the attention's output layer.</summary>
    public const string AttentionOutput = "attention.output";

    /// <summary>Within a block: attention's sinks, a tensor [heads].</summary>
    public const string AttentionSinks = "attention.sinks";

    /// <summary>Within a block: the queries of global tokens.</summary>
    public const string GlobalQuery = "attention.global_query";

    /// <summary>Within a block: keys and values for global tokens, rows in that order.</summary>
    public const string GlobalKeyValue = "attention.global_key_value";

    /// <summary>Within a block: the scope of attention's layers.</summary>
    public const string Attention = "attention";

    /// <summary>Within a block: the scope of the layers of a mixer that is not attention.</summary>
    public const string Mixer = "mixer";

    /// <summary>Within a block: queries, keys and values of a mixer that has them, rows in that order.</summary>
    public const string MixerQkv = "mixer.qkv";

    /// <summary>Within a block: the mixer's output layer.</summary>
    public const string MixerOutput = "mixer.output";

    /// <summary>Within a block: the biases of attention-free mixing, a tensor: [maxSeqLen, maxSeqLen], or [maxSeqLen, 2·window − 1].</summary>
    public const string AftPosition = "mixer.position";

    /// <summary>Within a block: the first factor of such biases, a tensor [maxSeqLen, size].</summary>
    public const string AftPositionLeft = "mixer.position.u";

    /// <summary>Within a block: the second factor, a tensor [maxSeqLen, size].</summary>
    public const string AftPositionRight = "mixer.position.v";

    /// <summary>Within a block: Linformer's projection of keys, or of both, a tensor [size, maxSeqLen].</summary>
    public const string LinformerKeys = "mixer.e";

    /// <summary>Within a block: Linformer's projection of values, a tensor [size, maxSeqLen].</summary>
    public const string LinformerValues = "mixer.f";

    /// <summary>Within a block: Mamba's signal and gate, rows in that order.</summary>
    public const string MambaInput = "mixer.input";

    /// <summary>Within a block: the taps of Mamba's convolution, a tensor [channels, width].</summary>
    public const string MambaConvolution = "mixer.convolution.weight";

    /// <summary>Within a block: the biases of Mamba's convolution, a tensor [channels].</summary>
    public const string MambaConvolutionBias = "mixer.convolution.bias";

    /// <summary>Within a block: what chooses Mamba's steps, B and C, rows in that order.</summary>
    public const string MambaSelection = "mixer.selection";

    /// <summary>Within a block: what makes a step of each of Mamba's channels.</summary>
    public const string MambaStep = "mixer.step";

    /// <summary>Within a block: ln(−A) of Mamba, a tensor [channels, states].</summary>
    public const string MambaLogA = "mixer.log_a";

    /// <summary>Within a block: D of Mamba, a tensor [channels].</summary>
    public const string MambaSkip = "mixer.skip";

    /// <summary>Within a block: the norm of the attention's output (Gemma 2).</summary>
    public const string AttentionPostNorm = "attention_post_norm";

    /// <summary>Within a decoder's block that looks at an encoder's output: the norm before that, or after it is added.</summary>
    public const string CrossNorm = "cross_norm";

    /// <summary>Within such a block: the queries of cross attention.</summary>
    public const string CrossQuery = "cross.query";

    /// <summary>Within such a block: keys and values of the encoder's output, rows in that order.</summary>
    public const string CrossKeyValue = "cross.key_value";

    /// <summary>Within such a block: cross attention's output layer.</summary>
    public const string CrossOutput = "cross.output";

    /// <summary>Within such a block: the scope of cross attention's layers.</summary>
    public const string Cross = "cross";

    /// <summary>Within such a block: the norm of cross attention's output (<see cref="ModelConfig.PostNorms"/>).</summary>
    public const string CrossPostNorm = "cross_post_norm";

    /// <summary>Within a block: the norm before the feed-forward part, or after it is added.</summary>
    public const string FeedForwardNorm = "feed_forward_norm";

    /// <summary>Within a block: gate and up, rows in that order; only up where there is no gate.</summary>
    public const string Up = "feed_forward.up";

    /// <summary>Within a block: back to the residual stream.</summary>
    public const string Down = "feed_forward.down";

    /// <summary>Within a block: the norm of the feed-forward part's output (Gemma 2).</summary>
    public const string FeedForwardPostNorm = "feed_forward_post_norm";

    /// <summary>The norm before the output layer, if the blocks normalise before their parts.</summary>
    public const string FinalNorm = "norm";

    /// <summary>Within a BatchNorm: its running mean.</summary>
    public const string RunningMean = "running_mean";

    /// <summary>Within a BatchNorm: its running variance.</summary>
    public const string RunningVariance = "running_variance";

    /// <summary>The output layer, [vocabulary, hidden], if it is not tied.</summary>
    public const string Output = "output";
}
