using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Heed.Nn;

/// <summary>The bytes of a saved cache, one after another, with a sum over all of them at the end; little-endian.</summary>
/// <param name="stream">The file, from its beginning on.</param>
/// <param name="path">Its name, for errors.</param>
internal sealed class KvFile(Stream stream, string path) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _position;

    /// <summary>The bytes of the sum.</summary>
    public const int SumBytes = SHA256.HashSizeInBytes;

    /// <summary>The bytes that are left to be read, the sum's not counted.</summary>
    public long Left => stream.Length - _position - SumBytes;

    /// <summary>The file's length.</summary>
    public long Length => stream.Length;

    public void Put(ReadOnlySpan<byte> bytes)
    {
        stream.Write(bytes);
        _hash.AppendData(bytes);
    }

    public void Put(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        Put(bytes);
    }

    public void Put(long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        Put(bytes);
    }

    public void PutSum() => stream.Write(_hash.GetHashAndReset());

    /// <exception cref="FileFormatException">The file ends before.</exception>
    public void Get(Span<byte> bytes)
    {
        if (bytes.Length > Left) throw Wrong($"truncated: {bytes.Length} bytes are to follow, and {Math.Max(0, Left)} are left.");
        stream.ReadExactly(bytes);
        _hash.AppendData(bytes);
        _position += bytes.Length;
    }

    public int GetInt32()
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        Get(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    public long GetInt64()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        Get(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    /// <summary>Throws where what was read is not what was written.</summary>
    /// <exception cref="FileFormatException">The sum is another one, or bytes are left.</exception>
    public void CheckSum()
    {
        if (Left != 0) throw Wrong($"{Left} bytes more than the cache takes.");
        Span<byte> sum = stackalloc byte[SumBytes];
        stream.ReadExactly(sum);
        if (!sum.SequenceEqual(_hash.GetHashAndReset())) throw Wrong("the cache is damaged: its sum is not that of its bytes.");
    }

    public FileFormatException Wrong(string problem) => new(path, problem, offset: _position);

    public void Dispose() => _hash.Dispose();
}
