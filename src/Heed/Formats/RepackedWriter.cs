using System.Buffers.Binary;
using System.Text;
using Heed.Kernels;

namespace Heed.Formats;

/// <summary>Writes what <see cref="RepackedFile"/> maps: a head, a directory, and each matrix from a page's beginning on.</summary>
internal sealed class RepackedWriter
{
    private const int Piece = 8 << 20;
    private const string Extension = ".tmp";

    // The times between a file's making and its lock, and between the lock's end and the file's renaming, are far shorter.
    private static readonly TimeSpan s_youth = TimeSpan.FromMinutes(1);

    private readonly List<(string Key, NativeBuffer Memory)> _entries = [];

    /// <summary>Has a matrix written. Its memory must live until <see cref="Save"/> has ended.</summary>
    public void Add(string key, NativeBuffer memory) => _entries.Add((key, memory));

    /// <summary>Writes the file, through a temporary one in the same folder.</summary>
    /// <param name="path">Where to; a file that is there is replaced.</param>
    /// <param name="source">The source's mark.</param>
    /// <param name="progress">Told the share that is written, or null.</param>
    /// <param name="cancellation">Stops it; the target is then as it was.</param>
    /// <returns>The file's length.</returns>
    /// <exception cref="IOException">The file cannot be written; the target is as it was.</exception>
    public long Save(string path, ReadOnlySpan<byte> source, IProgress<double>? progress, CancellationToken cancellation)
    {
        byte[] header = Header(source, out long[] offsets, out long length);
        string temporary = $"{path}.{Guid.NewGuid():N}{Extension}";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.SetLength(length);
                stream.Write(header);
                for (int i = 0; i < offsets.Length; i++)
                {
                    stream.Position = offsets[i];
                    Write(stream, _entries[i].Memory, length, progress, cancellation);
                }
                // The name must not reach the disk before the content does.
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            return length;
        }
        catch (Exception error)
        {
            if (error is UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException)
                throw new IOException($"{path}: the file of repacked weights cannot be written there.", error);
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Deletes the temporary files of writers that were killed: those that no living one holds, and that have not been written to lately.</summary>
    /// <param name="path">What was to be written. Where nothing can be deleted nothing happens.</param>
    /// <param name="now">The time.</param>
    public static void RemoveAbandoned(string path, DateTime now)
    {
        try
        {
            string name = Path.GetFileName(path);
            foreach (FileInfo file in new DirectoryInfo(Path.GetDirectoryName(path)!).EnumerateFiles())
            {
                if (!file.Name.StartsWith(name + ".", StringComparison.Ordinal) || !file.Name.EndsWith(Extension, StringComparison.Ordinal)) continue;
                if (!Guid.TryParseExact(file.Name.AsSpan()[(name.Length + 1)..^Extension.Length], "N", out _) || now - file.LastWriteTimeUtc < s_youth) continue;
                RemoveUnlessHeld(file.FullName);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static void RemoveUnlessHeld(string path)
    {
        try
        {
            // A writer's stream locks its file until it is closed; the lock dies with the process.
            using FileStream _ = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static void Write(FileStream stream, NativeBuffer memory, long length, IProgress<double>? progress, CancellationToken cancellation)
    {
        for (long at = 0; at < memory.Bytes; at += Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            stream.Write(memory.AsSpan<byte>(at, (int)Math.Min(Piece, memory.Bytes - at)));
            progress?.Report((double)stream.Position / length);
        }
    }

    private byte[] Header(ReadOnlySpan<byte> source, out long[] offsets, out long length)
    {
        byte[][] keys = [.. _entries.Select(entry => Encoding.UTF8.GetBytes(entry.Key))];
        int directory = keys.Sum(key => sizeof(int) + key.Length + 2 * sizeof(ulong));
        byte[] header = new byte[RepackedFile.HeadBytes + directory];
        offsets = new long[keys.Length];
        length = header.Length;
        int at = RepackedFile.HeadBytes;
        for (int i = 0; i < keys.Length; i++)
        {
            offsets[i] = (length + RepackedFile.Alignment - 1) / RepackedFile.Alignment * RepackedFile.Alignment;
            length = offsets[i] + _entries[i].Memory.Bytes;
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(at), keys[i].Length);
            keys[i].CopyTo(header, at + sizeof(int));
            at += sizeof(int) + keys[i].Length;
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(at), offsets[i]);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(at + sizeof(long)), _entries[i].Memory.Bytes);
            at += 2 * sizeof(long);
        }
        RepackedFile.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), RepackedFile.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), RepackedFile.ByteOrder);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(24), directory);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(28), keys.Length);
        source.CopyTo(header.AsSpan(32));
        RepackedFile.Sum(header.AsSpan(0, RepackedFile.SumOffset), header.AsSpan(RepackedFile.HeadBytes)).CopyTo(header, RepackedFile.SumOffset);
        return header;
    }
}
