using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// A linear layer whose inputs several ranks share: each has columns of the matrix and the same ones of x, and y = Σᵣ xᵣ·Wᵣᵀ + b is the same on
/// all (Megatron-LM, Shoeybi et al. 2019, arXiv 1909.08053, section 3).
/// </summary>
/// <remarks>Collective: all ranks of the group compute in the same order.</remarks>
public sealed class RowParallelLinear : Linear
{
    /// <summary>This rank's share.</summary>
    /// <param name="shard">Its columns, as many as every rank has, those of rank 0 first; without a bias, which would be added once by each rank.</param>
    /// <param name="ranks">Those that share the layer.</param>
    /// <param name="bias">[outFeatures], or null: added once, the same on all ranks.</param>
    /// <exception cref="ArgumentException">The bias has another shape.</exception>
    public RowParallelLinear(Linear shard, ICommunicator ranks, Tensor? bias = null)
        : base(shard?.InFeatures ?? 0, shard?.OutFeatures ?? 0)
    {
        ArgumentNullException.ThrowIfNull(shard);
        ArgumentNullException.ThrowIfNull(ranks);
        if (bias is not null && bias.Shape != new Shape(OutFeatures))
            throw new ArgumentException($"RowParallelLinear: bias has shape {bias.Shape}; expected [{OutFeatures}], the layer's outputs.", nameof(bias));
        Shard = shard;
        Ranks = ranks;
        Bias = bias;
    }

    /// <summary>This rank's columns as a layer.</summary>
    public Linear Shard { get; }

    /// <summary>Those that share the layer.</summary>
    public ICommunicator Ranks { get; }

    /// <summary>The bias, [outFeatures], or null.</summary>
    public Tensor? Bias { get; }

    /// <summary>Which part of the whole matrix <see cref="Shard"/> has.</summary>
    internal ParameterShard Place => ParameterShard.OfColumns(Shape.Of(OutFeatures, InFeatures), Ranks);

    /// <summary>Whether y is to be a stretch of the tokens; null where it never is.</summary>
    internal SequenceShare? Sequence { get; init; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Finish(Shard.Forward(x));

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x, ulong? dropoutSeed) => Finish(Shard.Forward(x, dropoutSeed));

    /// <inheritdoc/>
    public override Tensor ForwardAdd(Tensor x, Tensor residual) => Ops.AddReusing(residual, Forward(x));

    /// <summary>What this rank's columns can learn, and the bias.</summary>
    public override IEnumerable<Parameter> Parameters(string name)
    {
        foreach (Parameter parameter in Shard.Parameters(name)) yield return parameter with { Shard = Place };
        if (Bias is not null) yield return new Parameter($"{name}.bias", Bias) { Shard = Sequence is null ? null : ParameterShard.Shared(Bias.Shape, Ranks) };
    }

    private Tensor Finish(Tensor part)
    {
        Tensor sum = Sequence is { IsOn: true } ? Collectives.SumAndScatterRows(part, Ranks) : Collectives.Sum(part, Ranks);
        return Bias is null ? sum : Ops.AddReusing(sum, Bias);
    }
}
