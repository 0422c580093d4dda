using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>Float32 on the cores of this machine: hands the tensors' memory to the kernels.</summary>
[System.Runtime.CompilerServices.SkipLocalsInit]
internal sealed partial class CpuBackend(int threads) : IBackend, IDisposable
{
    private readonly WorkerPool _pool = new(threads);

    public void Dispose() => _pool.Dispose();
}
