using System.Security.Cryptography;
using Heed.Kernels;

namespace Heed.Formats;

/// <summary>
/// Weights in the order in which they are multiplied, mapped from a file that <see cref="RepackedWriter"/> wrote. The header is checked
/// against a sum, and every range against the file's length; the numbers are taken as they are, as those of a model's file.
/// </summary>
internal sealed class RepackedFile : IDisposable
{
    /// <summary>Counts up with every change of this format, or of how strips and panels lie.</summary>
    public const uint Version = 1;

    public const int HeadBytes = 96, SumOffset = 64, Alignment = 4096;

    /// <summary>Reads 4, 3, 2, 1 in a file of the other byte order.</summary>
    public const uint ByteOrder = 0x01020304;

    private const int LongestDirectory = 64 << 20;
    private const string Damaged = "it is cut off or damaged";

    private readonly MappedFile _file;
    private readonly Dictionary<string, (long Offset, long Bytes)> _entries = new(StringComparer.Ordinal);

    private bool _valid;

    private RepackedFile(MappedFile file) => _file = file;

    public static ReadOnlySpan<byte> Magic => "HEEDPACK"u8;

    public string Path => _file.Path;

    public long Bytes => _file.Length;

    /// <summary>Maps the file at <paramref name="path"/>, if one is there that is whole and was made of that source.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">The source's mark, as <see cref="SourceMark"/> makes it.</param>
    /// <param name="reason">Why there is none, or null where no file is there.</param>
    /// <exception cref="FileFormatException">It is a file of another kind, which must not be written over.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RepackedFile? TryOpen(string path, ReadOnlySpan<byte> source, out string? reason)
    {
        reason = null;
        if (!File.Exists(path)) return null;
        // Devices and pipes are empty too, and must neither be opened nor replaced.
        if (new FileInfo(path).Length == 0) throw new FileFormatException(path, "this is empty and no file of repacked weights, and is not written over; remove it or name another one.");
        RepackedFile file = new(MappedFile.Open(path));
        try
        {
            file.CheckMagic();
            reason = file.ReadOrReason(source);
            file._valid = reason is null;
            return file._valid ? file : null;
        }
        finally
        {
            if (!file._valid) file.Dispose();
        }
    }

    /// <summary>The matrix of that key, or null if there is none of that size.</summary>
    public unsafe NativeBuffer? Find(string key, long bytes) =>
        _entries.TryGetValue(key, out (long Offset, long Bytes) entry) && entry.Bytes == bytes ? new NativeBuffer(_file.At(entry.Offset, bytes), bytes, _file) : null;

    public void Dispose() => _file.Dispose();

    private void CheckMagic()
    {
        int length = (int)Math.Min(Magic.Length, _file.Length);
        if (!_file.Span(0, length).SequenceEqual(Magic[..length]))
            throw _file.Wrong("this is no file of repacked weights, and is not written over; name another one.", offset: 0);
    }

    private string? ReadOrReason(ReadOnlySpan<byte> source)
    {
        try
        {
            return Read(source);
        }
        catch (FileFormatException)
        {
            return Damaged;
        }
    }

    private string? Read(ReadOnlySpan<byte> source)
    {
        ByteCursor cursor = new(_file, Magic.Length);
        uint version = cursor.ReadUInt32("the version");
        if (cursor.ReadUInt32("the byte order") != ByteOrder) return "it was written with another byte order";
        if (version != Version) return $"it is of version {version}, and this is version {Version}";
        ulong length = cursor.ReadUInt64("the length");
        uint directory = cursor.ReadUInt32("the directory's length"), count = cursor.ReadUInt32("the number of matrices");
        if (length != (ulong)_file.Length || directory > LongestDirectory || HeadBytes + directory > _file.Length) return Damaged;
        bool same = cursor.Take(source.Length, "the source's mark").SequenceEqual(source);
        if (!cursor.Take(SHA256.HashSizeInBytes, "the sum").SequenceEqual(Sum(_file.Span(0, SumOffset), _file.Span(HeadBytes, (int)directory)))) return Damaged;
        if (!same) return "the model is another one, or has changed";
        for (uint i = 0; i < count; i++) ReadEntry(cursor, HeadBytes + directory);
        return cursor.Position == HeadBytes + directory ? null : Damaged;
    }

    private void ReadEntry(ByteCursor cursor, long end)
    {
        int length = cursor.ReadInt32("a key's length");
        string key = cursor.TakeText(length, "a key");
        ulong offset = cursor.ReadUInt64("an offset"), bytes = cursor.ReadUInt64("a size"), all = (ulong)_file.Length;
        if (cursor.Position > end || offset < (ulong)end || offset % Alignment != 0 || bytes > all || offset > all - bytes || !_entries.TryAdd(key, ((long)offset, (long)bytes)))
            throw cursor.Wrong("the matrix leaves the file, or occurs twice.");
    }

    /// <summary>The sum over what stands before it and behind it.</summary>
    public static byte[] Sum(ReadOnlySpan<byte> head, ReadOnlySpan<byte> directory)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        hash.AppendData(directory);
        return hash.GetHashAndReset();
    }
}
