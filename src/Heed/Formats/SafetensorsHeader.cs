using System.Text.Json;
using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>
/// The header of a safetensors file: its length in 8 bytes, then JSON naming each tensor's type, shape and place in the data that follow.
/// As the format demands, the data must be covered without holes or overlaps.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const long MaxHeaderBytes = 100_000_000;
    private const int MaxDepth = 16;
    private const int MaxRank = 64;

    private readonly MappedFile file;
    private readonly int part;
    private readonly long dataStart;
    private readonly Dictionary<string, string> metadata = [];
    private readonly List<StoredTensor> tensors = [];
    private readonly HashSet<string> names = [];

    private SafetensorsHeader(MappedFile file, int part, long dataStart)
    {
        this.file = file;
        this.part = part;
        this.dataStart = dataStart;
    }

    /// <summary>The header's free text under __metadata__.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<StoredTensor> Tensors => tensors;

    /// <summary>Reads and checks the header of <paramref name="file"/>, whose tensors are said to be of <paramref name="part"/>.</summary>
    public static SafetensorsHeader Read(MappedFile file, int part)
    {
        ByteCursor cursor = new(file);
        ulong length = cursor.ReadUInt64("the header's length");
        if (length < 2 || length > MaxHeaderBytes || length > (ulong)cursor.Left)
            throw file.Wrong($"not a safetensors file: the header's length is {length}; expected 2 to {Math.Min(MaxHeaderBytes, cursor.Left)}.", offset: 0);
        long start = cursor.Position;
        ReadOnlySpan<byte> json = cursor.Take((int)length, "the header");
        if (json[0] != (byte)'{') throw file.Wrong("not a safetensors file: the header does not begin with '{'.", offset: start);
        SafetensorsHeader header = new(file, part, cursor.Position);
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            header.ReadTop(ref reader);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw file.Wrong($"the header is not the JSON that is expected: {error.Message}", offset: start + reader.TokenStartIndex, inner: error);
        }
        header.CheckCover();
        return header;
    }

    private void ReadTop(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (NextProperty(ref reader, out string name))
        {
            if (!names.Add(name)) throw Wrong(ref reader, "the name occurs twice.", name);
            if (name == "__metadata__") ReadMetadata(ref reader);
            else ReadTensor(ref reader, name);
        }
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "__metadata__");
        while (NextProperty(ref reader, out string key))
        {
            Expect(ref reader, JsonTokenType.String, "__metadata__");
            if (!metadata.TryAdd(key, reader.GetString()!)) throw Wrong(ref reader, $"the key '{key}' occurs twice.", "__metadata__");
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string? dtype = null;
        long[]? shape = null, place = null;
        long at = reader.TokenStartIndex;
        Expect(ref reader, JsonTokenType.StartObject, name);
        while (NextProperty(ref reader, out string field))
        {
            bool twice = field switch { "dtype" => dtype is not null, "shape" => shape is not null, "data_offsets" => place is not null, _ => false };
            if (twice) throw Wrong(ref reader, $"the field '{field}' occurs twice.", name);
            switch (field)
            {
                case "dtype":
                    Expect(ref reader, JsonTokenType.String, name);
                    dtype = reader.GetString();
                    break;
                case "shape": shape = ReadNumbers(ref reader, name, MaxRank); break;
                case "data_offsets": place = ReadNumbers(ref reader, name, 2); break;
                default: reader.Skip(); break;
            }
        }
        if (dtype is null || shape is null || place is not { Length: 2 })
            throw Wrong(ref reader, "the tensor needs 'dtype', 'shape' and two 'data_offsets'.", name);
        tensors.Add(Check(name, dtype, shape, place[0], place[1], at + 8));
    }

    private StoredTensor Check(string name, string dtype, long[] shape, long begin, long end, long at)
    {
        if (!SafetensorsTypes.TryGet(dtype, out WeightType type))
            throw file.Wrong($"type '{dtype}' cannot be read; supported are {SafetensorsTypes.Names}.", name, at);
        if (end < begin || end > file.Length - dataStart)
            throw file.Wrong($"the data offsets {begin} to {end} leave the {file.Length - dataStart} bytes of data.", name, at);
        if (!BlockSizes.TryElementCount(shape, out long elements) || !BlockSizes.TryByteLength(type, elements, out long bytes) || bytes != end - begin)
            throw file.Wrong($"the data offsets {begin} to {end} do not fit shape [{string.Join(", ", shape)}] of {dtype}.", name, at);
        return new StoredTensor(name, type, shape, dataStart + begin, bytes) { Part = part };
    }

    private void CheckCover()
    {
        // Empty tensors come before the one whose data begin at the same place.
        tensors.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.ByteLength.CompareTo(b.ByteLength));
        long end = dataStart;
        foreach (StoredTensor tensor in tensors)
        {
            if (tensor.Offset != end)
                throw file.Wrong($"the tensor's data begin at {tensor.Offset}, and those before end at {end}: {(tensor.Offset < end ? "an overlap" : "a hole")}.",
                    tensor.Name, tensor.Offset);
            end += tensor.ByteLength;
        }
        if (end != file.Length) throw file.Wrong($"the tensors' data end here, and the file is {file.Length} bytes long.", offset: end);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, int most)
    {
        Expect(ref reader, JsonTokenType.StartArray, name);
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Wrong(ref reader, "expected whole numbers from 0.", name);
            if (numbers.Count == most) throw Wrong(ref reader, $"the list has more than {most} numbers.", name);
            numbers.Add(number);
        }
        return [.. numbers];
    }

    // Leaves the reader at the property's value's predecessor; false at the object's end.
    private static bool NextProperty(ref Utf8JsonReader reader, out string name)
    {
        reader.Read();
        bool more = reader.TokenType == JsonTokenType.PropertyName;
        name = more ? reader.GetString()! : "";
        return more;
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string name)
    {
        reader.Read();
        if (reader.TokenType != type) throw Wrong(ref reader, $"found {reader.TokenType}, expected {type}.", name);
    }

    private FileFormatException Wrong(ref Utf8JsonReader reader, string problem, string item) =>
        file.Wrong(problem, item, 8 + reader.TokenStartIndex);
}
