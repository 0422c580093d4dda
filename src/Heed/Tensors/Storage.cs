using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// One block of memory that tensors and their views share. Counted: the last tensor to let go returns it to the pool it
/// came from, or frees it. Pooled blocks are counted without locks, since a scope and its tensors belong to one thread at
/// a time; those outside of scopes (weights) may be viewed from any thread.
/// </summary>
/// <remarks>
/// Memory that an owner keeps (a scope, a cache) is native. Memory that only its tensor keeps is a managed array: a span
/// of it keeps it alive, so the collector cannot take it from under a kernel whose tensor nobody will use again.
/// </remarks>
internal sealed class Storage
{
    private readonly StoragePool? _pool;
    private readonly NativeBuffer? _native;
    private readonly float[]? _managed;
    private int _users;

    /// <summary>Native memory, of a pool or, if that is null, of an owner that disposes of the tensor.</summary>
    public Storage(long bytes, StoragePool? pool, int sizeClass)
    {
        _native = new NativeBuffer(bytes);
        _pool = pool;
        SizeClass = sizeClass;
        Bytes = bytes;
    }

    /// <summary>Managed memory with undefined contents.</summary>
    public Storage(long bytes)
    {
        _managed = GC.AllocateUninitializedArray<float>(checked((int)((bytes + sizeof(float) - 1) / sizeof(float))));
        Bytes = bytes;
    }

    public long Bytes { get; }

    /// <summary>How often the contents were overwritten in place: what a gradient needs must not have been.</summary>
    public int Version { get; set; }

    public int SizeClass { get; }

    /// <summary>Whether so many bytes fill it at least by half: what a pool would give for them, or close to it.</summary>
    public bool Fits(long bytes) => bytes <= Bytes && (2 * bytes > Bytes || Bytes <= 256);

    public bool IsShared => Volatile.Read(ref _users) > 1;

    /// <summary><paramref name="count"/> elements from the element <paramref name="offset"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Span<T>(int offset, int count) where T : unmanaged => _native is not null
        ? _native.AsSpan<T>((long)offset * Unsafe.SizeOf<T>(), count)
        : MemoryMarshal.Cast<float, T>(_managed.AsSpan()).Slice(offset, count);

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
            _native?.Dispose();
        }
    }

    /// <summary>Frees the memory of a pooled block.</summary>
    public void Free() => _native?.Dispose();
}
