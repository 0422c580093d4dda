using System.Buffers.Binary;
using System.Numerics;
using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>A GGUF file of version 1, 2 or 3, little-endian: metadata and tensors, shapes turned to outermost first.</summary>
public sealed class GgufFile : TensorFile
{
    private const string AlignmentKey = "general.alignment";
    private const int DefaultAlignment = 32;
    private const int MaxDimensions = 4;
    private const int MaxNameBytes = 65535;

    private GgufFile(MappedFile file, uint version, GgufMetadata metadata, IReadOnlyList<StoredTensor> tensors)
        : base(file.Path, [file], tensors)
    {
        Version = version;
        Metadata = metadata;
    }

    /// <summary>The format's version: 1, 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>The file's keys and values; readable until the file is disposed.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Maps the file and checks all of its structure.</summary>
    /// <exception cref="FileFormatException">It is no GGUF file, is damaged, or has a tensor type that cannot be read.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static GgufFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            ByteCursor cursor = new(file);
            uint version = ReadVersion(file, cursor);
            GgufReader reader = new(file, cursor, wide: version > 1);
            long tensorCount = reader.ReadCount("the tensor count", minimumBytes: TensorInfoBytes(version));
            long keyCount = reader.ReadCount("the key count", minimumBytes: version > 1 ? 13 : 9);
            GgufMetadata metadata = reader.ReadMetadata(keyCount);
            long alignment = Alignment(file, metadata);
            List<StoredTensor> tensors = ReadTensors(file, cursor, reader, tensorCount, alignment);
            return new GgufFile(file, version, metadata, Place(file, tensors, cursor.Position, alignment));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // A name's length, the number of dimensions, a type, an offset.
    private static int TensorInfoBytes(uint version) => (version > 1 ? 8 : 4) + 4 + 4 + 8;

    private static uint ReadVersion(MappedFile file, ByteCursor cursor)
    {
        ReadOnlySpan<byte> magic = cursor.Take(4, "the magic");
        if (magic.SequenceEqual("lmgg"u8) || magic.SequenceEqual("tjgg"u8) || magic.SequenceEqual("fmgg"u8) || magic.SequenceEqual("algg"u8))
            throw file.Wrong("this is a GGML file from before GGUF; convert it to GGUF.", offset: 0);
        if (!magic.SequenceEqual("GGUF"u8))
            throw file.Wrong($"not a GGUF file: it begins with bytes {Convert.ToHexString(magic)}, expected 47475546 ('GGUF').", offset: 0);
        uint version = cursor.ReadUInt32("the version");
        if (version is >= 1 and <= 3) return version;
        if (BinaryPrimitives.ReverseEndianness(version) is >= 1 and <= 3)
            throw file.Wrong("the file is big-endian; only little-endian GGUF can be read.", offset: 4);
        throw file.Wrong($"GGUF version {version} is not supported; expected 1, 2 or 3.", offset: 4);
    }

    private static long Alignment(MappedFile file, GgufMetadata metadata)
    {
        if (!metadata.TryGetInt(AlignmentKey, out int alignment)) return DefaultAlignment;
        return alignment > 0 && BitOperations.IsPow2(alignment)
            ? alignment
            : throw file.Wrong($"the alignment is {alignment}; expected a power of two.", AlignmentKey, metadata.OffsetOf(AlignmentKey));
    }

    // The offsets are still relative to the data section here.
    private static List<StoredTensor> ReadTensors(MappedFile file, ByteCursor cursor, GgufReader reader, long count, long alignment)
    {
        List<StoredTensor> tensors = [];
        for (long i = 0; i < count; i++)
        {
            cursor.Item = $"tensor {i}";
            string name = reader.ReadText("the tensor's name", MaxNameBytes);
            cursor.Item = name;
            uint rank = cursor.ReadUInt32("the number of dimensions");
            if (rank > MaxDimensions) throw cursor.Wrong($"the tensor has {rank} dimensions; at most {MaxDimensions} are allowed.");
            long[] shape = new long[rank];
            for (int axis = shape.Length - 1; axis >= 0; axis--) shape[axis] = reader.ReadSize("a dimension");
            long typeOffset = cursor.Position;
            uint number = cursor.ReadUInt32("the type");
            if (!GgmlTypes.TryGet(number, out WeightType type))
                throw file.Wrong($"ggml type {GgmlTypes.Describe(number)} cannot be read; supported are {GgmlTypes.SupportedNames}.", name, typeOffset);
            long byteLength = ByteLength(file, name, type, shape, typeOffset);
            long offsetAt = cursor.Position;
            ulong offset = cursor.ReadUInt64("the offset");
            if (offset % (ulong)alignment != 0)
                throw file.Wrong($"the tensor's data offset {offset} is not a multiple of the alignment {alignment}.", name, offsetAt);
            if (offset > (ulong)(file.Length - byteLength))
                throw file.Wrong($"the tensor's {byteLength} bytes at data offset {offset} leave the file of {file.Length} bytes.", name, offsetAt);
            tensors.Add(new StoredTensor(name, type, shape, (long)offset, byteLength));
        }
        cursor.Item = null;
        return tensors;
    }

    private static long ByteLength(MappedFile file, string name, WeightType type, long[] shape, long offset)
    {
        string text = $"[{string.Join(", ", shape)}]";
        if (!BlockSizes.TryElementCount(shape, out long elements) || !BlockSizes.TryByteLength(type, elements, out long bytes) || bytes > file.Length)
            throw file.Wrong($"a tensor of shape {text} and type {type} cannot be in a file of {file.Length} bytes.", name, offset);
        if (elements == 0) throw file.Wrong($"the shape {text} has a dimension of 0.", name, offset);
        int perBlock = BlockSizes.ElementsPerBlock(type);
        return shape.Length > 0 && shape[^1] % perBlock != 0
            ? throw file.Wrong($"the rows of shape {text} are no whole number of {type} blocks of {perBlock}.", name, offset)
            : bytes;
    }

    private static List<StoredTensor> Place(MappedFile file, List<StoredTensor> tensors, long headerEnd, long alignment)
    {
        if (tensors.Count == 0) return tensors;
        long dataStart = headerEnd + (alignment - headerEnd % alignment) % alignment;
        List<StoredTensor> placed = new(tensors.Count);
        foreach (StoredTensor tensor in tensors)
        {
            if (tensor.Offset > file.Length - tensor.ByteLength - dataStart)
                throw file.Wrong($"the tensor's {tensor.ByteLength} bytes at data offset {tensor.Offset} leave the file of {file.Length} bytes, " +
                    $"whose data begin at {dataStart}.", tensor.Name, dataStart + tensor.Offset);
            placed.Add(tensor with { Offset = dataStart + tensor.Offset });
        }
        placed.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        for (int i = 1; i < placed.Count; i++)
            if (placed[i].Offset < placed[i - 1].Offset + placed[i - 1].ByteLength)
                throw file.Wrong($"the tensor's data overlap those of '{placed[i - 1].Name}'.", placed[i].Name, placed[i].Offset);
        return placed;
    }
}
