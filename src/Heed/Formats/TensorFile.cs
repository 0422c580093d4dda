using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>
/// A model file's tensors, memory-mapped: nothing is read before it is used, and nothing is copied but by <see cref="ReadFloats"/>.
/// Safe for concurrent readers. Everything in the file is checked when it is opened; afterwards it must not be changed:
/// shortening a mapped file makes the operating system end the process on access, and rewriting it changes the numbers.
/// Replace a file by renaming a new one over it, which leaves the mapped one alone (Windows refuses that while it is open).
/// Disposing unmaps the file: spans and pointers taken from it must no longer be used, nor may other threads be reading it.
/// </summary>
public abstract class TensorFile : IDisposable
{
    private const int ElementsPerChunk = 1 << 20;

    private readonly MappedFile[] parts;
    private readonly Dictionary<string, StoredTensor> byName;

    /// <summary>Takes over <paramref name="parts"/>; <paramref name="tensors"/> are checked for range and unique names.</summary>
    private protected TensorFile(string path, MappedFile[] parts, IReadOnlyList<StoredTensor> tensors)
    {
        Path = path;
        this.parts = parts;
        Tensors = tensors;
        byName = new Dictionary<string, StoredTensor>(tensors.Count);
        foreach (StoredTensor tensor in tensors)
        {
            foreach (StoredTensor stored in tensor.Joined?.Parts ?? [tensor]) CheckRange(stored);
            if (!byName.TryAdd(tensor.Name, tensor))
                throw parts[tensor.Part].Wrong("the tensor's name occurs twice.", tensor.Name, tensor.Offset);
        }
    }

    /// <summary>The file or folder that was opened.</summary>
    public string Path { get; }

    /// <summary>All tensors in the order of their data in the file.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Finds a tensor by its exact name.</summary>
    public bool TryGet(string name, [MaybeNullWhen(false)] out StoredTensor tensor) => byName.TryGetValue(name, out tensor);

    /// <summary>
    /// <paramref name="length"/> raw bytes of <paramref name="tensor"/>, from its byte <paramref name="offset"/>; little-endian,
    /// valid until <see cref="Dispose()"/>. Not necessarily aligned to the element's size. A copy where they lie in several files.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes are not all inside the tensor.</exception>
    /// <exception cref="ObjectDisposedException">The file has been disposed.</exception>
    public ReadOnlySpan<byte> Bytes(StoredTensor tensor, long offset, int length)
    {
        MappedFile part = PartOf(tensor);
        if (offset < 0 || length < 0 || offset > tensor.ByteLength - length)
            throw new ArgumentOutOfRangeException(nameof(offset),
                $"Bytes: {length} bytes from {offset} leave '{tensor.Name}' of {tensor.ByteLength} bytes.");
        if (tensor.Joined is not { } joined) return part.Span(checked(tensor.Offset + offset), length);
        (StoredTensor stored, long start, long there) = joined.At(offset);
        if (length <= there) return Bytes(stored, start, length);
        byte[] copy = new byte[length];
        CopyBytes(tensor, offset, copy);
        return copy;
    }

    /// <summary>Copies raw bytes of <paramref name="tensor"/>, from its byte <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes are not all inside the tensor.</exception>
    internal void CopyBytes(StoredTensor tensor, long offset, Span<byte> destination)
    {
        if (tensor.Joined is not { } joined)
        {
            Bytes(tensor, offset, destination.Length).CopyTo(destination);
            return;
        }
        while (!destination.IsEmpty)
        {
            (StoredTensor stored, long start, long there) = joined.At(offset);
            int count = (int)Math.Min(there, destination.Length);
            Bytes(stored, start, count).CopyTo(destination);
            offset += count;
            destination = destination[count..];
        }
    }

    /// <summary>
    /// Reads consecutive elements as float32, row by row: widened, rounded or dequantized from whatever type is stored.
    /// </summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="firstElement">The first element's index in the flattened tensor; for block types the first of a block.</param>
    /// <param name="destination">Takes as many elements as it has room for; the last block may be read in part.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements are not all inside the tensor, or do not begin at a block.</exception>
    /// <exception cref="ObjectDisposedException">The file has been disposed.</exception>
    public void ReadFloats(StoredTensor tensor, long firstElement, Span<float> destination)
    {
        MappedFile part = PartOf(tensor);
        int perBlock = BlockSizes.ElementsPerBlock(tensor.Type);
        if (firstElement < 0 || firstElement > tensor.ElementCount - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(firstElement),
                $"ReadFloats: {destination.Length} elements from {firstElement} leave '{tensor.Name}' of {tensor.ElementCount} elements.");
        if (firstElement % perBlock != 0)
            throw new ArgumentOutOfRangeException(nameof(firstElement),
                $"ReadFloats: {firstElement} is inside a block of '{tensor.Name}'; {tensor.Type} is read from multiples of {perBlock}.");
        while (!destination.IsEmpty)
        {
            int count = Math.Min(destination.Length, ElementsPerChunk);
            if (tensor.Joined is { } joined) ReadJoined(joined, BlockSizes.BytesPerBlock(tensor.Type), firstElement, destination[..count]);
            else if (tensor.Affine is { } affine) ReadAffine(tensor, affine, firstElement, destination[..count]);
            else if (tensor.GroupSize > 0) ReadGroups(part, tensor, firstElement, destination[..count]);
            else ReadBlocks(tensor, firstElement / perBlock, destination[..count]);
            firstElement += count;
            destination = destination[count..];
        }
    }

    /// <summary>Unmaps the file or files.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Unmaps the file or files.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        foreach (MappedFile part in parts) part.Dispose();
    }

    /// <summary>The address of the tensor's <see cref="StoredTensor.ByteLength"/> bytes, valid until <see cref="Dispose()"/>; not necessarily aligned.</summary>
    /// <exception cref="ArgumentException">The tensor lies in several files.</exception>
    internal unsafe byte* Pointer(StoredTensor tensor) => tensor.Joined is null
        ? PartOf(tensor).At(tensor.Offset, tensor.ByteLength)
        : throw new ArgumentException($"Pointer: '{tensor.Name}' lies in {tensor.Joined.Parts.Count} files; its parts have addresses of their own.", nameof(tensor));

    /// <summary>The tensor [rows, columns] as a matrix in the file's own bytes, valid until <see cref="Dispose()"/>.</summary>
    internal unsafe BlockMatrix Matrix(StoredTensor tensor)
    {
        if (tensor.Shape is not [var rows, var columns] || tensor.GroupSize > 0)
            throw new ArgumentException($"Matrix: '{tensor.Name}' of shape {tensor.ShapeText} and group size {tensor.GroupSize} is no plain matrix.");
        return new BlockMatrix(Pointer(tensor), tensor.Type, checked((int)rows), checked((int)columns));
    }

    /// <summary>Gives the memory of the tensor's pages back; they are read again from the file where they are needed.</summary>
    internal void Release(StoredTensor tensor) => Release(tensor, 0, tensor.ByteLength);

    /// <summary>As <see cref="Release(StoredTensor)"/>, for bytes of the tensor.</summary>
    internal void Release(StoredTensor tensor, long offset, long length)
    {
        if (tensor.Joined is not { } joined)
        {
            PartOf(tensor).Release(tensor.Offset + offset, length);
            return;
        }
        (long start, long count) = joined.InParts(offset, length);
        foreach (StoredTensor stored in joined.Parts) Release(stored, start, count);
    }

    /// <summary>What tells these files from others, and from themselves after a change.</summary>
    internal byte[] Mark() => SourceMark.Of(this, parts);

    private MappedFile PartOf(StoredTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return (uint)tensor.Part < (uint)parts.Length
            ? parts[tensor.Part]
            : throw new ArgumentException($"'{tensor.Name}' is not a tensor of {Path}.", nameof(tensor));
    }

    private void CheckRange(StoredTensor tensor)
    {
        MappedFile part = parts[tensor.Part];
        if (tensor.Offset < 0 || tensor.ByteLength < 0 || tensor.Offset > part.Length - tensor.ByteLength)
            throw part.Wrong($"the tensor's {tensor.ByteLength} bytes leave the file of {part.Length} bytes.", tensor.Name, tensor.Offset);
    }

    private void ReadJoined(JoinedParts joined, int size, long first, Span<float> destination)
    {
        while (!destination.IsEmpty)
        {
            (StoredTensor stored, long offset, long there) = joined.At(first * size);
            int count = (int)Math.Min(there / size, destination.Length);
            ReadFloats(stored, offset / size, destination[..count]);
            first += count;
            destination = destination[count..];
        }
    }

    private void ReadBlocks(StoredTensor tensor, long block, Span<float> destination)
    {
        int perBlock = BlockSizes.ElementsPerBlock(tensor.Type);
        int size = BlockSizes.BytesPerBlock(tensor.Type);
        (int whole, int rest) = Math.DivRem(destination.Length, perBlock);
        Dequantize.ToFloat(tensor.Type, Bytes(tensor, block * size, whole * size), destination[..(whole * perBlock)]);
        if (rest == 0) return;
        Span<float> last = stackalloc float[BlockSizes.Super];
        last = last[..perBlock];
        Dequantize.ToFloat(tensor.Type, Bytes(tensor, (block + whole) * size, size), last);
        last[..rest].CopyTo(destination[(whole * perBlock)..]);
    }

    private void ReadAffine(StoredTensor tensor, AffineParts parts, long first, Span<float> destination)
    {
        ReadOnlySpan<byte> codes = Bytes(tensor, first, destination.Length);
        ReadOnlySpan<byte> scales = Bytes(parts.Scales, 0, checked((int)parts.Scales.ByteLength)), zeros = Bytes(parts.ZeroPoints, 0, checked((int)parts.ZeroPoints.ByteLength));
        long perScale = tensor.ElementCount / zeros.Length;
        for (int i = 0; i < codes.Length;)
        {
            (long pair, long phase) = Math.DivRem(first + i, perScale);
            float scale = BinaryPrimitives.ReadSingleLittleEndian(scales[(int)(pair * sizeof(float))..]);
            for (int end = (int)Math.Min(codes.Length, i + perScale - phase); i < end; i++) destination[i] = scale * (codes[i] - zeros[(int)pair]);
        }
    }

    private void ReadGroups(MappedFile part, StoredTensor tensor, long first, Span<float> destination)
    {
        (long group, long phase) = Math.DivRem(first, tensor.GroupSize);
        long groups = (phase + destination.Length + tensor.GroupSize - 1) / tensor.GroupSize;
        ReadOnlySpan<byte> scales = part.Span(tensor.ScaleOffset + group * sizeof(float), checked((int)groups * sizeof(float)));
        EightBitBlocks.Grouped(Bytes(tensor, first, destination.Length), scales, tensor.GroupSize, (int)phase, destination);
    }
}
