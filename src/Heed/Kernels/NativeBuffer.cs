using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Kernels;

/// <summary>
/// A block of native memory, aligned to 64 bytes, or to 2 MiB with huge pages asked for where it is large.
/// Its content is undefined until written. The one who made it disposes it; spans of it die with it.
/// </summary>
internal sealed unsafe partial class NativeBuffer : IDisposable
{
    private const long HugePage = 2L << 20;
    private const long HugeThreshold = 4L << 20;
    private const nuint SmallAlignment = 64;
    private const int AdviseHugePages = 14;

    private readonly object? _owner;
    private byte* _pointer;

    /// <summary>Takes <paramref name="bytes"/> bytes of native memory.</summary>
    public NativeBuffer(long bytes)
    {
        if (bytes < 0) ThrowSize(bytes);
        Bytes = bytes;
        bool huge = bytes >= HugeThreshold;
        _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), huge ? (nuint)HugePage : SmallAlignment);
        if (huge && OperatingSystem.IsLinux()) TryAdviseHugePages(_pointer, bytes);
    }

    /// <summary>A view of memory that belongs to <paramref name="owner"/>, which stays alive as long as the view; read it only if it may only be read.</summary>
    public NativeBuffer(byte* memory, long bytes, object owner)
    {
        if (bytes < 0) ThrowSize(bytes);
        Bytes = bytes;
        _pointer = memory;
        _owner = owner;
    }

#pragma warning disable MA0055 // A forgotten buffer may be gigabytes; the finalizer is its last way back.
    ~NativeBuffer() => Free();
#pragma warning restore MA0055

    /// <summary>The size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Whether the memory is somebody else's.</summary>
    public bool IsView => _owner is not null;

    /// <summary>The first byte.</summary>
    public byte* Pointer
    {
        get
        {
            if (_pointer == null) ThrowDisposed();
            return _pointer;
        }
    }

    /// <summary>The whole buffer as floats; it must hold fewer than 2^31 of them.</summary>
    public Span<float> AsFloats()
    {
        if (Bytes / sizeof(float) > int.MaxValue) ThrowRange(0, Bytes / sizeof(float), sizeof(float));
        return new Span<float>(Pointer, (int)(Bytes / sizeof(float)));
    }

    /// <summary><paramref name="count"/> elements from the byte <paramref name="offset"/> on.</summary>
    public Span<T> AsSpan<T>(long offset, int count) where T : unmanaged
    {
        if (offset < 0 || count < 0 || offset > Bytes || count > (Bytes - offset) / sizeof(T)) ThrowRange(offset, count, sizeof(T));
        return new Span<T>(Pointer + offset, count);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        byte* pointer = _pointer;
        _pointer = null;
        if (pointer != null && _owner is null) NativeMemory.AlignedFree(pointer);
    }

    /// <summary>Huge pages are only a hint: where the C library or the call is missing, nothing is lost but speed.</summary>
    private static void TryAdviseHugePages(void* pointer, long bytes)
    {
        try
        {
            _ = Advise(pointer, (nuint)(bytes / HugePage * HugePage), AdviseHugePages);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowSize(long bytes) =>
        throw new ArgumentOutOfRangeException(nameof(bytes), $"NativeBuffer: bytes is {bytes}; need 0 or more.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowRange(long offset, long count, int size) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"NativeBuffer: {count} elements of {size} bytes from byte {offset} on; the buffer holds {Bytes} bytes, and a span fewer than 2^31 elements.");

    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowDisposed() => throw new ObjectDisposedException(nameof(NativeBuffer));
}
