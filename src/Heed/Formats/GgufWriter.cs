using System.Buffers.Binary;
using System.Text;
using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>
/// Writes a GGUF file (version 3) tensor by tensor, so that no more than the largest piece that a source hands over is in memory.
/// <see cref="Save"/> writes beside the target and renames at the end: the target is the old file or the whole new one, never a part.
/// </summary>
/// <param name="keys">The file's keys and values.</param>
public sealed class GgufWriter(GgufKeys keys)
{
    private const uint Version = 3;
    private const int Alignment = 32;
    private const int MaxDimensions = 4;

    // ggml's own bound, its closing zero not counted.
    private const int MaxNameBytes = 63;

    private readonly List<Entry> entries = [];
    private readonly HashSet<string> names = [];

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name, not used before, of at most 63 bytes.</param>
    /// <param name="type">Any type that ggml has a number for.</param>
    /// <param name="shape">Sizes above 0, outermost first, at most four; a row must be a whole number of blocks.</param>
    /// <param name="write">Writes exactly the tensor's bytes, little-endian; called once, by <see cref="Save"/>.</param>
    /// <param name="beforeCheck">Whether it is to be there already when the file is checked: see <see cref="Save"/>.</param>
    /// <exception cref="ArgumentException">The name is taken or too long, the type has no number, or the shape is impossible.</exception>
    public void Add(string name, WeightType type, ReadOnlySpan<long> shape, Action<Stream> write, bool beforeCheck = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(write);
        string text = $"[{string.Join(", ", shape.ToArray())}]";
        if (!GgmlTypes.TryGetNumber(type, out uint number)) throw new ArgumentException($"Add: '{name}' is {type}, which GGUF has no number for.", nameof(type));
        if (Encoding.UTF8.GetByteCount(name) > MaxNameBytes) throw new ArgumentException($"Add: the name '{name}' is too long; at most {MaxNameBytes} bytes are allowed.", nameof(name));
        if (shape.Length > MaxDimensions || !BlockSizes.TryElementCount(shape, out long elements) || elements == 0 || !BlockSizes.TryByteLength(type, elements, out long bytes)
            || (shape.Length > 0 && !BlockSizes.TryByteLength(type, shape[^1], out _)))
            throw new ArgumentException($"Add: '{name}' has the impossible shape {text} for {type}, whose blocks have {BlockSizes.ElementsPerBlock(type)} elements.", nameof(shape));
        if (!names.Add(name)) throw new ArgumentException($"Add: the name '{name}' is taken.", nameof(name));
        entries.Add(new Entry(name, number, shape.ToArray(), bytes, write, beforeCheck));
    }

    /// <summary>Writes the file, through a temporary one in the same folder.</summary>
    /// <param name="path">Where to; a file that is there is replaced.</param>
    /// <param name="check">
    /// Called with the temporary file's path when it has its header and its full length, but of the tensors only those that
    /// were to be there before: what it throws ends the work before the long part of it. Or null.
    /// </param>
    /// <exception cref="InvalidOperationException">A tensor's source wrote more or fewer bytes than its shape takes.</exception>
    /// <exception cref="IOException">The file cannot be written; the target is as it was.</exception>
    public void Save(string path, Action<string>? check = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        byte[] header = Header(out long dataStart, out long[] offsets);
        // ggml reads the last tensor's padding too where it reads all data at once.
        long length = entries.Count == 0 ? header.Length : Aligned(checked(dataStart + offsets[^1] + entries[^1].Bytes));
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                stream.Write(header);
                stream.SetLength(length);
                Write(stream, dataStart, offsets, beforeCheck: true);
            }
            check?.Invoke(temporary);
            using (FileStream stream = new(temporary, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                Write(stream, dataStart, offsets, beforeCheck: false);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private void Write(FileStream stream, long dataStart, long[] offsets, bool beforeCheck)
    {
        for (int i = 0; i < entries.Count; i++)
            if (entries[i].BeforeCheck == beforeCheck) Write(stream, entries[i], dataStart + offsets[i]);
    }

    private static void Write(FileStream stream, Entry entry, long start)
    {
        stream.Position = start;
        entry.Write(stream);
        long written = stream.Position - start;
        if (written != entry.Bytes) throw new InvalidOperationException($"Save: the source of '{entry.Name}' wrote {written} bytes; its shape takes {entry.Bytes}.");
    }

    private byte[] Header(out long dataStart, out long[] offsets)
    {
        using MemoryStream stream = new();
        stream.Write("GGUF"u8);
        U32(stream, Version);
        U64(stream, entries.Count);
        U64(stream, keys.Count);
        keys.WriteTo(stream);
        offsets = new long[entries.Count];
        long offset = 0;
        for (int i = 0; i < entries.Count; i++)
        {
            Entry entry = entries[i];
            stream.Write(GgufKeys.Text(entry.Name));
            U32(stream, (uint)entry.Shape.Length);
            for (int axis = entry.Shape.Length - 1; axis >= 0; axis--) U64(stream, entry.Shape[axis]);
            U32(stream, entry.Type);
            U64(stream, offset);
            offsets[i] = offset;
            offset = Aligned(checked(offset + entry.Bytes));
        }
        dataStart = Aligned(stream.Length);
        return stream.ToArray();
    }

    private static long Aligned(long position) => checked(position + Alignment - 1) / Alignment * Alignment;

    private static void U32(MemoryStream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void U64(MemoryStream stream, long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private sealed record Entry(string Name, uint Type, long[] Shape, long Bytes, Action<Stream> Write, bool BeforeCheck);
}
