using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Some of the outputs of a linear layer whose outputs several ranks share: each has rows of the matrix, yᵣ = x·Wᵣᵀ + bᵣ (Megatron-LM, Shoeybi et al.
/// 2019, arXiv 1909.08053, section 3). x is the same on all ranks, and its gradient the sum of theirs; y stays where it is.
/// </summary>
/// <remarks>Collective: all ranks of the group compute, forward and backward, in the same order.</remarks>
public sealed class ColumnParallelLinear : Linear
{
    /// <summary>This rank's share.</summary>
    /// <param name="shard">Its rows: if <paramref name="weight"/> is null, as many as every rank has, those of rank 0 first.</param>
    /// <param name="ranks">Those that share the layer.</param>
    /// <param name="weight">Which rows these are of which matrix.</param>
    public ColumnParallelLinear(Linear shard, ICommunicator ranks, ParameterShard? weight = null)
        : base(shard?.InFeatures ?? 0, shard?.OutFeatures ?? 0)
    {
        ArgumentNullException.ThrowIfNull(shard);
        ArgumentNullException.ThrowIfNull(ranks);
        Shard = shard;
        Ranks = ranks;
        Place = weight ?? ParameterShard.OfRows(Shape.Of(OutFeatures, InFeatures), ranks);
    }

    /// <summary>This rank's rows as a layer.</summary>
    public Linear Shard { get; }

    /// <summary>Those that share the layer.</summary>
    public ICommunicator Ranks { get; }

    /// <summary>Which part of the whole matrix <see cref="Shard"/> has.</summary>
    internal ParameterShard Place { get; }

    /// <summary>Whether x is a stretch of the tokens; null where it never is.</summary>
    internal SequenceShare? Sequence { get; init; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Shard.Forward(Whole(x));

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x, ulong? dropoutSeed) => Shard.Forward(Whole(x), dropoutSeed);

    /// <inheritdoc/>
    public override Tensor ForwardAdd(Tensor x, Tensor residual) => Shard.ForwardAdd(Whole(x), residual);

    /// <summary>What this rank's rows can learn.</summary>
    public override IEnumerable<Parameter> Parameters(string name) => Shard.Parameters(name).Select(parameter => parameter with
    {
        Shard = parameter.Value.Rank == 1 ? Place with { Whole = new Shape(Place.Whole[0]), Slice = Place.Slice.OfRows() } : Place,
    });

    private Tensor Whole(Tensor x) => Sequence is { IsOn: true } ? Collectives.GatherRows(x, Ranks) : Collectives.Spread(x, Ranks);
}
