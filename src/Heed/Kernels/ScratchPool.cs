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
        while (true)
        {
            // The smallest that fits: a large one given to a small renter would be missed by the next large one.
            int best = -1, smaller = -1;
            long bestBytes = long.MaxValue, smallerBytes = -1;
            for (int i = 0; i < _slots.Length; i++)
            {
                long size = Volatile.Read(ref _slots[i])?.Bytes ?? -1;
                if (size >= bytes && size < bestBytes) (best, bestBytes) = (i, size);
                else if (size >= 0 && size < bytes && size > smallerBytes) (smaller, smallerBytes) = (i, size);
            }
            if (best >= 0)
            {
                if (Interlocked.Exchange(ref _slots[best], null) is not { } found) continue;
                if (found.Bytes >= bytes) return found;
                Return(found);
                continue;
            }
            // One buffer that is too small makes room for the larger one, so that slots do not fill up with small ones.
            if (smaller >= 0) Interlocked.Exchange(ref _slots[smaller], null)?.Dispose();
            return new NativeBuffer((bytes + Granule - 1) / Granule * Granule);
        }
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

    /// <summary>All bytes that wait for the next renter.</summary>
    public long ReservedBytes => _slots.Sum(slot => slot?.Bytes ?? 0);

    public void Dispose()
    {
        _disposed = true;
        for (int i = 0; i < _slots.Length; i++) Interlocked.Exchange(ref _slots[i], null)?.Dispose();
    }
}
