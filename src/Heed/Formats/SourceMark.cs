using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Heed.Formats;

/// <summary>
/// What tells a model's files from others and from themselves after a change: a SHA-256 over each file's length and time of change, and over
/// each tensor's name, type, shape, place, and 64 bytes from its beginning, middle and end.
/// </summary>
internal sealed class SourceMark : IDisposable
{
    private const int SampleBytes = 64;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The mark of a model's files: 32 bytes.</summary>
    public static byte[] Of(TensorFile file, IReadOnlyList<MappedFile> parts)
    {
        using SourceMark mark = new();
        foreach (MappedFile part in parts)
        {
            mark.Add(part.Length);
            mark.Add(part.Changed.Ticks);
        }
        foreach (StoredTensor tensor in file.Tensors) mark.Add(file, tensor);
        // Each sample has brought a stretch of pages along that nobody may need.
        foreach (MappedFile part in parts) part.Release(0, part.Length);
        return mark._hash.GetHashAndReset();
    }

    public void Dispose() => _hash.Dispose();

    private void Add(TensorFile file, StoredTensor tensor)
    {
        byte[] name = Encoding.UTF8.GetBytes(tensor.Name);
        Add(name.Length);
        _hash.AppendData(name);
        Add((int)tensor.Type);
        Add(tensor.GroupSize);
        Add(tensor.Shape.Length);
        foreach (long size in tensor.Shape) Add(size);
        Add(tensor.Part);
        Add(tensor.Offset);
        int length = (int)Math.Min(SampleBytes, tensor.ByteLength);
        foreach (long at in (ReadOnlySpan<long>)[0, (tensor.ByteLength - length) / 2, tensor.ByteLength - length]) _hash.AppendData(file.Bytes(tensor, at, length));
    }

    private void Add(long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        _hash.AppendData(bytes);
    }
}
