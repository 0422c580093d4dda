namespace Heed.Kernels;

/// <summary>Native buffers lent to kernels for the time of one call, so that steady work takes no memory from anybody.</summary>
internal sealed class ScratchPool : IDisposable
{
    private const long Granule = 64L << 10;

    private readonly NativeBuffer?[] _slots;
    private volatile bool _disposed;

    public ScratchPool(int slots) => _slots = new NativeBuffer?[slots];

    /// <summary>A buffer of at least <paramref name="bytes"/> bytes with undefined content; give it back with <see cref="Return"/>.</summary>
    public NativeBuffer Rent(long bytes)
    {
        NativeBuffer? small = null;
        for (int i = 0; i < _slots.Length; i++)
        {
            NativeBuffer? found = Volatile.Read(ref _slots[i]) is null ? null : Interlocked.Exchange(ref _slots[i], null);
            if (found is null) continue;
            if (found.Bytes >= bytes)
            {
                if (small is not null) Return(small);
                return found;
            }
            // One buffer that is too small is replaced by the larger one, so that slots do not fill up with small ones.
            if (small is null) small = found;
            else Return(found);
        }
        small?.Dispose();
        return new NativeBuffer((bytes + Granule - 1) / Granule * Granule);
    }

    /// <summary>Takes a buffer back; it is kept for the next renter, or freed where all slots are full.</summary>
    public void Return(NativeBuffer buffer)
    {
        if (!_disposed)
        {
            for (int i = 0; i < _slots.Length; i++)
                if (Volatile.Read(ref _slots[i]) is null && Interlocked.CompareExchange(ref _slots[i], buffer, null) is null) return;
        }
        buffer.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        for (int i = 0; i < _slots.Length; i++) Interlocked.Exchange(ref _slots[i], null)?.Dispose();
    }
}
