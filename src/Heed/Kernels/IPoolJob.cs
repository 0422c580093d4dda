namespace Heed.Kernels;

/// <summary>Work that falls into numbered parts which may run in any order, at the same time, on any thread of a <see cref="WorkerPool"/>.</summary>
internal interface IPoolJob
{
    /// <summary>Does one part; each part of a run is executed exactly once.</summary>
    void Execute(int part);
}
