using System.Numerics;

namespace Heed.Tensors;

/// <summary>
/// Free lists of native blocks by size class (four per power of two), so that a step in steady state allocates nothing.
/// </summary>
internal sealed class StoragePool : IDisposable
{
    private const int MinBytes = 256;
    private readonly Stack<Storage>?[] _free = new Stack<Storage>?[4 * 64];
    private bool _disposed;

    /// <summary>All bytes that this pool has taken from the system, in use or free.</summary>
    public long ReservedBytes { get; private set; }

    public Storage Rent(long bytes)
    {
        int sizeClass = ClassOf(bytes, out long rounded);
        Stack<Storage>? free = _free[sizeClass];
        if (free is not null && free.TryPop(out Storage? storage)) return storage;
        ReservedBytes += rounded;
        return new Storage(rounded, this, sizeClass);
    }

    public void Return(Storage storage)
    {
        if (_disposed) storage.Free();
        else (_free[storage.SizeClass] ??= new Stack<Storage>()).Push(storage);
    }

    /// <summary>Frees every block that no tensor uses; those in use are freed when they come back.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (Stack<Storage>? free in _free)
            while (free is not null && free.TryPop(out Storage? storage)) storage.Free();
    }

    /// <summary>The class whose blocks hold at least <paramref name="bytes"/>, at most 25 % more.</summary>
    internal static int ClassOf(long bytes, out long rounded)
    {
        if (bytes <= MinBytes)
        {
            rounded = MinBytes;
            return 0;
        }
        int log = BitOperations.Log2((ulong)(bytes - 1));
        long quarter = 1L << (log - 2);
        long steps = (bytes - 1 - (1L << log)) / quarter + 1;
        rounded = (1L << log) + steps * quarter;
        return 4 * log + (int)steps - 1;
    }
}
