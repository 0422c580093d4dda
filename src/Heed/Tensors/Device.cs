namespace Heed.Tensors;

/// <summary>Where a tensor lives and who computes on it. Tensors of one operation must share a device.</summary>
public sealed class Device : IDisposable
{
    /// <summary>The largest number of threads of a device.</summary>
    public const int MaxThreads = 1024;

    private readonly bool _shared;

    private Device(string name, DType dtype, IBackend backend, int threads, bool shared = false)
    {
        _shared = shared;
        Threads = threads;
        Name = name;
        DType = dtype;
        Backend = backend;
    }

    /// <summary>All cores of this machine, in float32.</summary>
    public static Device Cpu { get; } = new("cpu", DType.Float32, new CpuBackend(Environment.ProcessorCount), Environment.ProcessorCount, shared: true);

    /// <summary>Plain scalar double arithmetic: slow, the oracle for every other device.</summary>
    public static Device Reference { get; } = new("reference", DType.Float64, new ReferenceBackend(), Environment.ProcessorCount, shared: true);

    /// <summary>The device's name for messages.</summary>
    public string Name { get; }

    /// <summary>The element type of tensors on this device.</summary>
    public DType DType { get; }

    /// <summary>The most threads that compute, or lay out weights for the device, at once.</summary>
    public int Threads { get; }

    internal IBackend Backend { get; }

    /// <summary>A CPU device with a worker pool of its own.</summary>
    /// <param name="threads">The number of threads, the caller's included; 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is below 1 or above <see cref="MaxThreads"/>.</exception>
    public static Device CreateCpu(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, MaxThreads);
        return new Device("cpu", DType.Float32, new CpuBackend(threads), threads);
    }

    /// <summary>A device around a given backend, for tests and measurements.</summary>
    internal static Device Create(string name, DType dtype, IBackend backend) => new(name, dtype, backend, Environment.ProcessorCount);

    /// <summary>Ends the threads of a device from <see cref="CreateCpu"/>; the shared devices stay as they are.</summary>
    public void Dispose()
    {
        if (!_shared) (Backend as IDisposable)?.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
