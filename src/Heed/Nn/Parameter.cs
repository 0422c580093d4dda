using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A tensor that a model learns.</summary>
/// <param name="Name">Its place in the model: "blocks.0.attention.qkv.weight".</param>
/// <param name="Value">The tensor itself; training writes to it.</param>
/// <param name="IsAdapter">Whether it is part of an adapter: a model with adapters learns nothing else.</param>
public readonly record struct Parameter(string Name, Tensor Value, bool IsAdapter = false)
{
    /// <summary>Which part of the parameter <see cref="Value"/> is, where ranks share a model; null if it is whole, and the same on all ranks.</summary>
    public ParameterShard? Shard { get; init; }
}
