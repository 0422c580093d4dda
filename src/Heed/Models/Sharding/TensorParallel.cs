using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Sharding;

/// <summary>
/// Models whose matrices several ranks share (Megatron-LM, Shoeybi et al. 2019, arXiv 1909.08053): each rank has some of the heads, of the inner features
/// and of the vocabulary. All ranks run the same program on the same tokens and get the same logits.
/// </summary>
public static class TensorParallel
{
    /// <summary>Collective: builds this rank's share of a model.</summary>
    /// <param name="whole">The whole model.</param>
    /// <param name="weights">The whole model's layers; each rank takes a slice of them, so all must have the same.</param>
    /// <param name="ranks">Those that share the model; must outlive it.</param>
    /// <param name="sequenceParallel">
    /// Whether ranks also share the tokens between these layers where gradients are recorded, which saves memory: each then has the residual stream and the
    /// norms of a stretch of the tokens (Korthikanti et al. 2022, arXiv 2205.05198). The ranks must divide the length of the rows.
    /// </param>
    /// <returns>
    /// A model with the heads and inner features of this rank in its <see cref="Transformer.Config"/>. Its calls are collective: all ranks make the same
    /// ones in the same order, one at a time. With one rank the plain model.
    /// </returns>
    /// <exception cref="ArgumentException">The configuration does not make a model, or so many ranks cannot share it.</exception>
    /// <exception cref="NotSupportedException">The model has a mixer or norm that cannot be shared, or a layer cannot be cut.</exception>
    public static Transformer Build(ModelConfig whole, IWeightSource weights, ICommunicator ranks, bool sequenceParallel = false)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(ranks);
        Check(whole, ranks.Size, sequenceParallel);
        if (ranks.Size == 1) return new Transformer(whole, weights);
        ShardedWeights sharded = new(whole, weights, ranks, sequenceParallel ? new SequenceShare() : null);
        return new Transformer(ShareOf(whole, ranks.Rank, ranks.Size), sharded) { Shards = sharded.Shards, Ranks = ranks };
    }

    /// <summary>Checks that ranks can share a model.</summary>
    /// <param name="config">The whole model.</param>
    /// <param name="ranks">How many.</param>
    /// <param name="sequenceParallel">Whether they are to share tokens too.</param>
    /// <exception cref="ArgumentException">The configuration does not make a model, or the ranks do not divide its heads and inner features; the message says which.</exception>
    /// <exception cref="NotSupportedException">The model has a mixer or norm that cannot be shared.</exception>
    public static void Check(ModelConfig config, int ranks, bool sequenceParallel = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        config.Validate();
        if (ranks == 1) return;
        if (sequenceParallel) CheckSequence(config);
        CheckHalf(config, ranks, "");
        if (config.Encoder is not null) CheckHalf(config.Encoder, ranks, "Encoder.");
    }

    /// <summary>Collective: the whole of a shared model as a dense model in memory of its own, on rank 0; null on the others.</summary>
    /// <param name="model">This rank's share.</param>
    /// <param name="whole">The whole model's configuration.</param>
    /// <param name="ranks">Those that share it.</param>
    public static Transformer? Gather(Transformer model, ModelConfig whole, ICommunicator ranks)
    {
        using GradientTape.Pause pause = GradientTape.NoGrad();
        Transformer gathered = new(whole, new GatheredWeights(model, ranks));
        return ranks.Rank == 0 ? gathered : null;
    }

    /// <summary>The configuration of a rank's share.</summary>
    internal static ModelConfig ShareOf(ModelConfig whole, int rank, int ranks)
    {
        HeadCut heads = new(whole, rank, ranks);
        return whole with
        {
            NumHeads = heads.Heads,
            NumKvHeads = heads.KvHeads,
            HeadDim = whole.HeadSize,
            IntermediateSize = whole.FeedForwardSize / ranks,
            HeadShare = (heads.FirstHead, whole.NumHeads),
            Encoder = whole.Encoder is null ? null : ShareOf(whole.Encoder, rank, ranks),
        };
    }

    private static void CheckSequence(ModelConfig config)
    {
        if (config.Encoder is not null) throw Wrong("Encoder is set; expected null: cross attention looks at all of an encoder's tokens");
        if (config.Norm == NormKind.Batch) throw Wrong("Norm is Batch; expected Rms or Layer: its statistics are of all tokens");
        if (config.Positions == PositionKind.Sinusoidal) throw Wrong("Positions is Sinusoidal; expected another kind: its table has no place in the weights");
        if (config.HasGlobalProjections) throw Wrong("GlobalTokens have projections of their own; expected GlobalsShared, or none");
        if (config.Dropout > 0) throw Wrong($"Dropout is {config.Dropout}; expected 0: what falls to it is drawn by the place among all tokens");

        static NotSupportedException Wrong(string problem) => new($"TensorParallel: {problem} (sequenceParallel).");
    }

    private static void CheckHalf(ModelConfig config, int ranks, string half)
    {
        if (config.Mixer != MixerKind.Attention)
            throw new NotSupportedException($"TensorParallel: {half}Mixer is {config.Mixer}; expected {MixerKind.Attention}: ranks share a mixer by its heads.");
        if (config.QkNorm && config.Norm == NormKind.Batch)
            throw new NotSupportedException($"TensorParallel: {half}QkNorm is set and {half}Norm is Batch; expected Rms or Layer: a rank sees the statistics of its own heads alone.");
        if (config.NumHeads % ranks != 0) throw Wrong("NumHeads", config.NumHeads, $"a multiple of the {ranks} ranks");
        if (config.KvHeads % ranks != 0 && ranks % config.KvHeads != 0) throw Wrong("NumKvHeads", config.KvHeads, $"a multiple or a divisor of the {ranks} ranks");
        if (config.FeedForwardSize % ranks != 0) throw Wrong("IntermediateSize", config.FeedForwardSize, $"a multiple of the {ranks} ranks");
        if (config.VocabSize < ranks) throw Wrong("VocabSize", config.VocabSize, $"at least one token for each of the {ranks} ranks");

        ArgumentException Wrong(string name, int got, string expected) => new($"TensorParallel: {half}{name} is {got}; expected {expected}.", nameof(config));
    }
}
