using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// One block of native memory that tensors and their views share. Counted: the last tensor to let go returns it to
/// the pool it came from, or frees it. Pooled blocks are counted without locks, since a scope and its tensors belong to
/// one thread at a time; those outside of scopes (weights) may be viewed from any thread.
/// </summary>
internal sealed class Storage
{
    private readonly StoragePool? _pool;
    private int _users;

    public Storage(long bytes, StoragePool? pool, int sizeClass)
    {
        Buffer = new NativeBuffer(bytes);
        _pool = pool;
        SizeClass = sizeClass;
    }

    public NativeBuffer Buffer { get; }

    public int SizeClass { get; }

    /// <summary>Whether so many bytes fill it at least by half: what a pool would give for them, or close to it.</summary>
    public bool Fits(long bytes) => bytes <= Buffer.Bytes && (2 * bytes > Buffer.Bytes || Buffer.Bytes <= 256);

    public bool IsShared => Volatile.Read(ref _users) > 1;

    public void Use()
    {
        if (_pool is null) Interlocked.Increment(ref _users);
        else _users++;
    }

    public void Release()
    {
        if (_pool is not null)
        {
            if (--_users == 0) _pool.Return(this);
        }
        else if (Interlocked.Decrement(ref _users) == 0)
        {
            Buffer.Dispose();
        }
    }
}
