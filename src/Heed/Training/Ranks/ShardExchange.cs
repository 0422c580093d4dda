using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training.Ranks;

/// <summary>A parameter of which ranks have shards, as a whole on the first of them. A whole one stays as it is.</summary>
internal static class ShardExchange
{
    /// <summary>On the first rank a tensor of the whole size; the parameter's own where that is whole.</summary>
    public static Parameter Place(Parameter parameter) => parameter.Shard is { Ranks.Rank: 0 } shard && shard.Whole != parameter.Value.Shape
        ? parameter with { Value = Tensor.AllocateUnscoped(shard.Whole, parameter.Value.Device), Shard = null }
        : parameter;

    /// <summary>Collective among the shards' ranks: the whole parameter, on the first of them.</summary>
    public static Parameter GatherTo0(Parameter parameter) => parameter.Shard is { } shard && ShardedParameters.Gather(parameter.Value, shard) is { } whole
        ? parameter with { Value = whole, Shard = null }
        : parameter;
}
