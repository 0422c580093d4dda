using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>Float32 on the cores of this machine: hands the tensors' memory to the kernels.</summary>
[System.Runtime.CompilerServices.SkipLocalsInit]
internal sealed partial class CpuBackend(int threads) : IBackend, IDisposable
{
    private readonly WorkerPool _pool = new(threads);

    /// <summary>Counts what attention over a call's own rows does; null for nobody.</summary>
    public AttentionCounter? Counter { get; init; }

    /// <summary>Bytes that kernels have taken for their own work and keep for the next time.</summary>
    public long ScratchBytes => _pool.Scratch.ReservedBytes;

    public void Dispose() => _pool.Dispose();
}
