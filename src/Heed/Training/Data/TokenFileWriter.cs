using System.Runtime.InteropServices;

namespace Heed.Training.Data;

/// <summary>Writes a token file as its ids come; without <see cref="Finish"/> nothing is left of it.</summary>
internal sealed class TokenFileWriter : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly int _vocabSize;
    private readonly int _idBytes;
    private readonly FileStream _stream;
    private readonly List<long> _starts = [];

    public TokenFileWriter(string path, int vocabSize)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Token files are written on little-endian machines only.");
        (_path, _temporary) = (path, $"{path}.{Guid.NewGuid():N}.tmp");
        (_vocabSize, _idBytes) = (vocabSize, TokenFileHeader.IdBytesFor(vocabSize));
        _stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
        _stream.Write(new byte[TokenFileHeader.Bytes]);
    }

    public long TokenCount { get; private set; }

    public void BeginDocument() => _starts.Add(TokenCount);

    public void Add(ReadOnlySpan<int> ids)
    {
        TokenCount += ids.Length;
        if (_idBytes == 4)
        {
            _stream.Write(MemoryMarshal.AsBytes(ids));
            return;
        }

        Span<ushort> narrow = stackalloc ushort[512];
        while (ids.Length > 0)
        {
            int count = Math.Min(ids.Length, narrow.Length);
            for (int i = 0; i < count; i++) narrow[i] = (ushort)ids[i];
            _stream.Write(MemoryMarshal.AsBytes(narrow[..count]));
            ids = ids[count..];
        }
    }

    public void Finish(string fingerprint, long textBytes)
    {
        TokenFileHeader header = new(_idBytes, _vocabSize, fingerprint, TokenCount, _starts.Count, textBytes);
        while (_stream.Position < header.StartsOffset) _stream.WriteByte(0);
        _stream.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_starts)));
        _stream.Position = 0;
        Span<byte> bytes = stackalloc byte[TokenFileHeader.Bytes];
        header.Write(bytes);
        _stream.Write(bytes);
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
    }

    public void Dispose()
    {
        try
        {
            _stream.Dispose();
        }
        finally
        {
            File.Delete(_temporary);
        }
    }
}
