using System.Buffers.Binary;
using System.Text.Json;
using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>
/// Writes a safetensors file tensor by tensor, so that no more than the largest piece that a source hands over is in memory.
/// <see cref="Save"/> writes beside the target and renames at the end: the target is the old file or the whole new one, never a part.
/// </summary>
public sealed class SafetensorsWriter
{
    private readonly List<Entry> entries = [];
    private readonly HashSet<string> names = [];
    private readonly IReadOnlyDictionary<string, string> metadata;

    /// <summary>Begins a file without tensors.</summary>
    /// <param name="metadata">Free text for the header, for instance format = pt, which Hugging Face's loaders ask for; or null.</param>
    public SafetensorsWriter(IReadOnlyDictionary<string, string>? metadata = null) =>
        this.metadata = metadata is null ? [] : new Dictionary<string, string>(metadata);

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name, not used before.</param>
    /// <param name="type">A plain type; the format has no quantized blocks.</param>
    /// <param name="shape">Sizes, outermost first.</param>
    /// <param name="write">Writes exactly the tensor's bytes, little-endian; called once, by <see cref="Save"/>.</param>
    /// <exception cref="ArgumentException">The name is taken or reserved, the type is not of this format, or the shape is impossible.</exception>
    public void Add(string name, WeightType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(write);
        string dtype = SafetensorsTypes.NameOf(type)
            ?? throw new ArgumentException($"Add: '{name}' is {type}; safetensors has {SafetensorsTypes.Names}.", nameof(type));
        if (!BlockSizes.TryElementCount(shape, out long elements) || !BlockSizes.TryByteLength(type, elements, out long bytes))
            throw new ArgumentException($"Add: '{name}' has the impossible shape [{string.Join(", ", shape.ToArray())}].", nameof(shape));
        if (name == "__metadata__" || !names.Add(name)) throw new ArgumentException($"Add: the name '{name}' is taken or reserved.", nameof(name));
        entries.Add(new Entry(name, dtype, BlockSizes.BytesPerBlock(type), shape.ToArray(), bytes, write));
    }

    /// <summary>Writes the file, through a temporary one in the same folder.</summary>
    /// <exception cref="InvalidOperationException">A tensor's source wrote more or fewer bytes than its shape takes.</exception>
    /// <exception cref="IOException">The file cannot be written; the target is as it was.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                Write(stream);
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

    private void Write(FileStream stream)
    {
        // Wide elements first keep every tensor aligned to its own element's size.
        Entry[] ordered = [.. entries.OrderByDescending(entry => entry.ElementBytes)];
        byte[] header = Header(ordered);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (Entry entry in ordered)
        {
            long start = stream.Position;
            entry.Write(stream);
            long written = stream.Position - start;
            if (written != entry.Bytes)
                throw new InvalidOperationException($"Save: the source of '{entry.Name}' wrote {written} bytes; its shape takes {entry.Bytes}.");
        }
    }

    private byte[] Header(Entry[] ordered)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0) WriteMetadata(json);
            long offset = 0;
            foreach (Entry entry in ordered)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", entry.Dtype);
                WriteNumbers(json, "shape", entry.Shape);
                WriteNumbers(json, "data_offsets", [offset, checked(offset + entry.Bytes)]);
                json.WriteEndObject();
                offset += entry.Bytes;
            }
            json.WriteEndObject();
        }
        // The format pads with spaces, so that the data begin at a multiple of eight.
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private void WriteMetadata(Utf8JsonWriter json)
    {
        json.WriteStartObject("__metadata__");
        foreach ((string key, string value) in metadata) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private sealed record Entry(string Name, string Dtype, int ElementBytes, long[] Shape, long Bytes, Action<Stream> Write);
}
