using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>What a layer is, which says what tensors it has.</summary>
internal enum ModelLayerKind
{
    /// <summary>A weight [out, in] and perhaps a bias [out].</summary>
    Linear,

    /// <summary>A weight [count, dim].</summary>
    Embedding,

    /// <summary>A weight [dim], perhaps a bias [dim], perhaps running statistics [dim].</summary>
    Norm,

    /// <summary>A tensor of that very name, without a "weight" after it: [rows, columns].</summary>
    Matrix,

    /// <summary>A tensor of that very name, without a "weight" after it: [rows].</summary>
    Vector,
}

/// <summary>One layer that <see cref="Transformer"/> asks its weights for.</summary>
/// <param name="Name">The full name by <see cref="WeightNames"/>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Parts">The rows of each matrix of a fused layer, in order; one entry for all others.</param>
/// <param name="Columns">The size of a row; 1 for norms and vectors.</param>
/// <param name="Bias">Whether it has a bias.</param>
internal sealed record ModelLayer(string Name, ModelLayerKind Kind, long[] Parts, long Columns, bool Bias)
{
    /// <summary>What a norm holds besides weight and bias, each [dim]: running statistics.</summary>
    public string[] Buffers { get; init; } = [];

    /// <summary>All rows together.</summary>
    public long Rows => Parts.Sum();

    /// <summary>Whether it is one tensor of its own name.</summary>
    public bool IsPlain => Kind is ModelLayerKind.Matrix or ModelLayerKind.Vector;

    /// <summary>All numbers together.</summary>
    public long Count => Rows * Columns + (Bias ? Rows : 0);

    /// <summary>All layers of the model that <paramref name="config"/> describes, one after another.</summary>
    public static IEnumerable<ModelLayer> Of(ModelConfig config)
    {
        long hidden = config.HiddenSize;
        yield return new(WeightNames.Embedding, ModelLayerKind.Embedding, [config.VocabSize], hidden, Bias: false);
        if (config.Positions == PositionKind.Learned)
            yield return new(WeightNames.PositionEmbedding, ModelLayerKind.Embedding, [config.MaxSeqLen], hidden, Bias: false);
        if (config.Positions == PositionKind.Relative)
            yield return new(WeightNames.RelativeBias, ModelLayerKind.Embedding, [config.RelativeBuckets], config.NumHeads, Bias: false);
        for (int i = 0; i < config.NumLayers; i++)
            foreach (ModelLayer layer in Block(config, $"{WeightNames.Blocks}.{i}.")) yield return layer;
        if (config.NormPlacement == NormPlacement.Pre) yield return Norm(config, WeightNames.FinalNorm, hidden);
        if (!config.TieEmbeddings) yield return new(WeightNames.Output, ModelLayerKind.Linear, [config.VocabSize], hidden, Bias: false);
        if (config.Encoder is not { } encoder) yield break;
        // Both halves share the table and the output layer.
        foreach (ModelLayer layer in Of(encoder))
            if (layer.Name is not (WeightNames.Embedding or WeightNames.Output)) yield return layer with { Name = $"{WeightNames.Encoder}.{layer.Name}" };
    }

    private static IEnumerable<ModelLayer> Block(ModelConfig config, string scope)
    {
        long hidden = config.HiddenSize, inner = config.FeedForwardSize, head = config.HeadSize;
        long queries = config.NumHeads * head, keys = config.KvHeads * head, values = (long)config.KvHeads * config.ValueHeadSize;
        yield return Norm(config, scope + WeightNames.AttentionNorm, hidden);
        if (config.Mixer == MixerKind.Attention)
        {
            yield return new(scope + WeightNames.Qkv, ModelLayerKind.Linear, [queries, keys, values], hidden, config.QkvBias);
            yield return new(scope + WeightNames.AttentionOutput, ModelLayerKind.Linear, [hidden], (long)config.NumHeads * config.ValueHeadSize, config.AttentionOutputBias);
            if (config.AttentionSinks) yield return new(scope + WeightNames.AttentionSinks, ModelLayerKind.Vector, [config.NumHeads], 1, Bias: false);
            if (config.HasGlobalProjections)
            {
                yield return new(scope + WeightNames.GlobalQuery, ModelLayerKind.Linear, [queries], hidden, config.QkvBias);
                yield return new(scope + WeightNames.GlobalKeyValue, ModelLayerKind.Linear, [keys, values], hidden, config.QkvBias);
            }
        }
        else
        {
            foreach (ModelLayer layer in Mixer(config, scope)) yield return layer;
        }
        if (config.QkNorm)
        {
            yield return Norm(config, scope + WeightNames.QueryNorm, head);
            yield return Norm(config, scope + WeightNames.KeyNorm, head);
        }
        if (config.Encoder is not null)
            foreach (ModelLayer layer in Cross(config, scope)) yield return layer;
        yield return Norm(config, scope + WeightNames.FeedForwardNorm, hidden);
        long[] up = config.GatedFeedForward ? [inner, inner] : [inner];
        yield return new(scope + WeightNames.Up, ModelLayerKind.Linear, up, hidden, config.FeedForwardBias);
        yield return new(scope + WeightNames.Down, ModelLayerKind.Linear, [hidden], inner, config.FeedForwardBias);
        if (!config.PostNorms) yield break;
        yield return Norm(config, scope + WeightNames.AttentionPostNorm, hidden);
        yield return Norm(config, scope + WeightNames.FeedForwardPostNorm, hidden);
    }

    /// <summary>The layers of cross attention, of a block whose scope ends with a dot.</summary>
    public static IEnumerable<ModelLayer> Cross(ModelConfig config, string scope)
    {
        long hidden = config.HiddenSize, queries = (long)config.NumHeads * config.HeadSize, found = (long)config.NumHeads * config.ValueHeadSize;
        long keys = (long)config.KvHeads * config.HeadSize, values = (long)config.KvHeads * config.ValueHeadSize;
        yield return Norm(config, scope + WeightNames.CrossNorm, hidden);
        yield return new(scope + WeightNames.CrossQuery, ModelLayerKind.Linear, [queries], hidden, config.QkvBias);
        yield return new(scope + WeightNames.CrossKeyValue, ModelLayerKind.Linear, [keys, values], hidden, config.QkvBias);
        yield return new(scope + WeightNames.CrossOutput, ModelLayerKind.Linear, [hidden], found, config.AttentionOutputBias);
        if (config.PostNorms) yield return Norm(config, scope + WeightNames.CrossPostNorm, hidden);
    }

    /// <summary>The layers of a mixer that is not attention, of a block whose scope ends with a dot.</summary>
    public static IEnumerable<ModelLayer> Mixer(ModelConfig config, string scope)
    {
        long hidden = config.HiddenSize, inner = config.Mixer == MixerKind.Mamba ? config.MambaChannels : config.MixerSize, positions = config.MaxSeqLen;
        if (config.Mixer != MixerKind.Mamba) yield return new(scope + WeightNames.MixerQkv, ModelLayerKind.Linear, [inner, inner, inner], hidden, config.QkvBias);
        foreach ((string name, long rows, long columns) in Matrices(config, positions))
            yield return new(scope + name, ModelLayerKind.Matrix, [rows], columns, Bias: false);
        if (config.Mixer == MixerKind.Mamba)
        {
            long states = config.MambaStateSize, rank = config.MambaStepRank;
            yield return new(scope + WeightNames.MambaInput, ModelLayerKind.Linear, [inner, inner], hidden, config.QkvBias);
            yield return new(scope + WeightNames.MambaConvolutionBias, ModelLayerKind.Vector, [inner], 1, Bias: false);
            yield return new(scope + WeightNames.MambaSelection, ModelLayerKind.Linear, [rank, states, states], inner, Bias: false);
            yield return new(scope + WeightNames.MambaStep, ModelLayerKind.Linear, [inner], rank, Bias: true);
            yield return new(scope + WeightNames.MambaSkip, ModelLayerKind.Vector, [inner], 1, Bias: false);
        }
        yield return new(scope + WeightNames.MixerOutput, ModelLayerKind.Linear, [hidden], inner, config.AttentionOutputBias);
    }

    private static (string Name, long Rows, long Columns)[] Matrices(ModelConfig config, long positions) => config.Mixer switch
    {
        MixerKind.AftLocal => [(WeightNames.AftPosition, positions, 2L * config.AftWindow - 1)],
        MixerKind.AftFull when config.AftFactorSize == 0 => [(WeightNames.AftPosition, positions, positions)],
        MixerKind.AftFull => [(WeightNames.AftPositionLeft, positions, config.AftFactorSize), (WeightNames.AftPositionRight, positions, config.AftFactorSize)],
        MixerKind.Linformer when config.LinformerShared => [(WeightNames.LinformerKeys, config.LinformerSize, positions)],
        MixerKind.Linformer => [(WeightNames.LinformerKeys, config.LinformerSize, positions), (WeightNames.LinformerValues, config.LinformerSize, positions)],
        MixerKind.Mamba => [(WeightNames.MambaConvolution, config.MambaChannels, config.MambaConvolutionWidth), (WeightNames.MambaLogA, config.MambaChannels, config.MambaStateSize)],
        _ => [],
    };

    private static ModelLayer Norm(ModelConfig config, string name, long size) =>
        new(name, ModelLayerKind.Norm, [size], 1, config.Norm != NormKind.Rms)
        {
            Buffers = config.Norm == NormKind.Batch ? [WeightNames.RunningMean, WeightNames.RunningVariance] : [],
        };
}
