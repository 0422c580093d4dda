using Heed.Distributed;
using Heed.Nn;

namespace Heed.Training.Ranks;

/// <summary>All that a checkpoint keeps, brought together on rank 0 and shared out from there: moments from the ranks that share a batch, shards from those that share a model. So a checkpoint says nothing of ranks.</summary>
/// <param name="parameters">What is trained.</param>
/// <param name="buffers">What is not trained but changes.</param>
/// <param name="optimizer">Who has the moments.</param>
/// <param name="data">The ranks that share a batch.</param>
/// <param name="tensor">The ranks that share a model.</param>
internal sealed class StateExchange(IReadOnlyList<Parameter> parameters, IReadOnlyList<Parameter> buffers, IOptimizer optimizer, ICommunicator data, ICommunicator tensor)
{
    private IReadOnlyList<Parameter>? _local;

    /// <summary>Collective: the whole tensors, on the first rank of all; on others nothing that is of use.</summary>
    public IReadOnlyList<Parameter> GatherTo0()
    {
        IReadOnlyList<Parameter> moments = optimizer.Gather(data);
        return data.Rank > 0 ? [] : [.. parameters.Concat(buffers).Concat(moments).Select(ShardExchange.GatherTo0)];
    }

    /// <summary>Tensors of the whole sizes to read a checkpoint into: those of the model itself where it has them whole.</summary>
    public IReadOnlyList<Parameter> Places() => [.. Local().Select(ShardExchange.Place)];

    /// <summary>Collective: takes over what the first rank of all has in <see cref="Places"/>.</summary>
    /// <param name="whole">The places; used on that rank alone.</param>
    public void ScatterFrom0(IReadOnlyList<Parameter> whole)
    {
        IReadOnlyList<Parameter> local = Local();
        if (data.Rank == 0)
            for (int i = 0; i < local.Count; i++) ScatterOverModel(local[i], i < whole.Count ? whole[i] : default);
        foreach (Parameter parameter in parameters.Concat(buffers))
        {
            parameter.Value.BeginWrite("Resume");
            if (data.Size > 1) data.Broadcast(parameter.Value.AsSpan());
        }
        optimizer.Scatter([.. local.Skip(parameters.Count + buffers.Count)], data);
    }

    private void ScatterOverModel(Parameter local, Parameter whole)
    {
        if (local.Shard is { } shard) ShardedParameters.Scatter(whole.Value, local.Value, shard);
        else if (tensor.Size > 1) tensor.Broadcast(local.Value.AsSpan());
    }

    /// <summary>What the first rank of those that share a batch has: everything of its share of the model.</summary>
    private IReadOnlyList<Parameter> Local() => _local ??= [.. parameters, .. buffers, .. data.Rank == 0 ? optimizer.Places() : []];
}
