using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// An output layer whose logits several ranks share: each has a stretch of the vocabulary. <see cref="Forward(Tensor)"/> gathers the logits on all ranks;
/// <see cref="CrossEntropy"/> does not: of each row the ranks exchange the greatest logit, the sum of the exponentials and the target's logit
/// (Megatron-LM, Shoeybi et al. 2019, arXiv 1909.08053, section 3).
/// </summary>
/// <remarks>Collective: all ranks of the group compute, forward and backward, with the same x, in the same order.</remarks>
public sealed class VocabularyParallelLinear : Linear
{
    private readonly VocabularyRanges _ranges;

    /// <summary>This rank's share.</summary>
    /// <param name="shard">Its rows: outFeatures / ranks of them, rounded up on the first ranks and down on the others, so that the stretches are outFeatures together.</param>
    /// <param name="outFeatures">The number of all ranks' rows.</param>
    /// <param name="ranks">Those that share the layer.</param>
    /// <exception cref="ArgumentException">The shard has more or fewer rows than this rank's stretch, or there are fewer rows than ranks.</exception>
    public VocabularyParallelLinear(Linear shard, int outFeatures, ICommunicator ranks)
        : base(shard?.InFeatures ?? 0, outFeatures)
    {
        ArgumentNullException.ThrowIfNull(shard);
        ArgumentNullException.ThrowIfNull(ranks);
        Shard = shard;
        Ranks = ranks;
        _ranges = Check("VocabularyParallelLinear", shard.OutFeatures, outFeatures, ranks);
    }

    /// <summary>This rank's rows as a layer.</summary>
    public Linear Shard { get; }

    /// <summary>Those that share the layer.</summary>
    public ICommunicator Ranks { get; }

    /// <summary>Which part of the whole matrix <see cref="Shard"/> has.</summary>
    internal ParameterShard Place => ParameterShard.Rows(Shape.Of(Shard.OutFeatures, InFeatures), OutFeatures, _ranges[Ranks.Rank].First, Ranks);

    /// <summary>Whether x is a stretch of the tokens; null where it never is.</summary>
    internal SequenceShare? Sequence { get; init; }

    private bool Gathers => Sequence is { IsOn: true };

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) =>
        Collectives.GatherColumns(Shard.Forward(Gathers ? Collectives.GatherRows(x, Ranks) : Collectives.Spread(x, Ranks)), _ranges, Ranks);

    /// <inheritdoc/>
    public override Tensor ForwardAdd(Tensor x, Tensor residual) => Ops.AddReusing(residual, Forward(x));

    /// <inheritdoc/>
    public override Tensor CrossEntropy(Tensor x, ReadOnlySpan<int> targets, int ignoreIndex = -100, float softCap = 0)
    {
        if (Shard is not (DenseLinear or FrozenLinear)) return base.CrossEntropy(x, targets, ignoreIndex, softCap);
        // The gradient of what was gathered is summed where it is scattered again.
        SharedLogits logits = new(_ranges, Ranks, sumsInput: !Gathers);
        if (Gathers) x = Collectives.GatherRows(x, Ranks);
        return Shard is DenseLinear dense
            ? Ops.LinearCrossEntropy(x, dense.Weight, dense.Bias, targets, ignoreIndex, softCap, logits)
            : Ops.LinearCrossEntropy(x, ((FrozenLinear)Shard).Weights, ((FrozenLinear)Shard).Bias, targets, ignoreIndex, softCap, logits);
    }

    /// <summary>What this rank's rows can learn.</summary>
    public override IEnumerable<Parameter> Parameters(string name) => Shard.Parameters(name).Select(parameter => parameter with
    {
        Shard = parameter.Value.Rank == 1 ? Place with { Whole = new Shape(OutFeatures), Slice = Place.Slice.OfRows() } : Place,
    });

    internal static VocabularyRanges Check(string layer, int rows, int count, ICommunicator ranks)
    {
        if (count < ranks.Size) throw new ArgumentException($"{layer}: {ranks.Size} ranks share {count} rows; expected at least one row for each.", nameof(count));
        VocabularyRanges ranges = new(count, ranks.Size);
        int expected = ranges[ranks.Rank].Count;
        if (rows != expected) throw new ArgumentException($"{layer}: the shard of rank {ranks.Rank} of {ranks.Size} has {rows} rows; expected {expected} of {count}.", nameof(rows));
        return ranges;
    }
}
