using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Heed.Formats;

/// <summary>
/// A whole file mapped for reading. Every access is checked against the length at the time of opening.
/// What is never disposed stays mapped until the process ends, so a forgotten span can never dangle.
/// </summary>
internal sealed unsafe partial class MappedFile : IDisposable
{
    private const int AdviseDontNeed = 4;

    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;
    private nint start;

    private MappedFile(string path, MemoryMappedFile mapping, MemoryMappedViewAccessor view, long length, DateTime changed)
    {
        Changed = changed;
        Path = path;
        Length = length;
        this.mapping = mapping;
        this.view = view;
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        start = (nint)(pointer + view.PointerOffset);
    }

    public string Path { get; }

    /// <summary>The file's length in bytes when it was opened; at least 1.</summary>
    public long Length { get; }

    /// <summary>When the file was written last, at the time of opening.</summary>
    public DateTime Changed { get; }

    /// <summary>Maps the file at <paramref name="path"/>.</summary>
    /// <exception cref="FileFormatException">It is empty, a directory, or nothing that has a length.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Model files are read on little-endian machines only.");
        if (Directory.Exists(path)) throw new FileFormatException(path, "this is a directory; expected a file.");
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        MemoryMappedFile? opened = null;
        try
        {
            long length = LengthOf(handle, path);
            DateTime changed = File.GetLastWriteTimeUtc(handle);
            opened = MemoryMappedFile.CreateFromFile(handle, mapName: null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new MappedFile(path, opened, opened.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read), length, changed);
        }
        catch
        {
            opened?.Dispose();
            handle.Dispose();
            throw;
        }
    }

    /// <summary><paramref name="length"/> bytes from <paramref name="offset"/>, valid until <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Span(long offset, int length) => new(At(offset, length), length);

    /// <summary>The address of <paramref name="length"/> readable bytes from <paramref name="offset"/>, valid until <see cref="Dispose"/>.</summary>
    public byte* At(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(start == 0, this);
        if (offset < 0 || length < 0 || offset > Length - length) ThrowRange(offset, length);
        return (byte*)start + offset;
    }

    /// <summary>
    /// Gives the memory of whole pages inside the range back: they are read again from the file when they are touched.
    /// Only a hint: where the system has no such call nothing happens.
    /// </summary>
    public void Release(long offset, long length)
    {
        if (!OperatingSystem.IsLinux()) return;
        long page = Environment.SystemPageSize, first = (long)At(offset, length) + page - 1, end = (long)(start + offset + length);
        first -= first % page;
        end -= end % page;
        if (end <= first) return;
        try
        {
            _ = Advise((void*)first, (nuint)(end - first), AdviseDontNeed);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
        }
    }

    /// <summary>An error about this file.</summary>
    public FileFormatException Wrong(string problem, string? item = null, long? offset = null, Exception? inner = null) =>
        new(Path, problem, item, offset, inner);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref start, 0) == 0) return;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        mapping.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    private static long LengthOf(Microsoft.Win32.SafeHandles.SafeFileHandle handle, string path)
    {
        long length;
        try
        {
            length = RandomAccess.GetLength(handle);
        }
        catch (NotSupportedException error)
        {
            throw new FileFormatException(path, "this is not a regular file.", inner: error);
        }
        return length > 0 ? length : throw new FileFormatException(path, "the file is empty.", offset: 0);
    }

    [DoesNotReturn]
    private void ThrowRange(long offset, long length) =>
        throw new FileFormatException(Path, $"{length} bytes from here leave the file of {Length} bytes.", offset: offset);
}
