namespace Heed.Distributed;

/// <summary>
/// Ranks in a grid: those of a row share a model's matrices (tensor parallelism), those of a column hold the same shard and share a batch
/// (data parallelism). Neighbouring ranks are a row, so that what is exchanged most often stays on one machine.
/// </summary>
public sealed class ProcessGrid : IDisposable
{
    /// <summary>Collective: makes the grid.</summary>
    /// <param name="world">All ranks; not disposed of with the grid.</param>
    /// <param name="tensorParallel">How many ranks share a model; divides the number of ranks.</param>
    /// <exception cref="ArgumentException">It does not.</exception>
    public ProcessGrid(ICommunicator world, int tensorParallel = 1)
    {
        ArgumentNullException.ThrowIfNull(world);
        if (tensorParallel < 1 || world.Size % tensorParallel != 0)
            throw new ArgumentException($"ProcessGrid: tensorParallel is {tensorParallel}; expected a divisor of the {world.Size} ranks.", nameof(tensorParallel));
        World = world;
        Tensor = world.Split(world.Rank / tensorParallel, world.Rank);
        Data = world.Split(world.Rank % tensorParallel, world.Rank);
    }

    /// <summary>All ranks.</summary>
    public ICommunicator World { get; }

    /// <summary>The ranks that share a model with this one, this one included.</summary>
    public ICommunicator Tensor { get; }

    /// <summary>The ranks that hold the same shard as this one, this one included.</summary>
    public ICommunicator Data { get; }

    /// <summary>Collective: disposes of <see cref="Tensor"/> and <see cref="Data"/>, before the world is disposed of.</summary>
    public void Dispose()
    {
        Tensor.Dispose();
        Data.Dispose();
    }
}
