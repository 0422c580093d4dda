namespace Heed.Formats;

/// <summary>Reads the variable part of a GGUF header, whose counts are 32 bits wide in version 1 and 64 since.</summary>
internal sealed class GgufReader(MappedFile file, ByteCursor cursor, bool wide)
{
    private const int MaxArrayDepth = 4;
    private const int MaxKeyBytes = 65535;

    /// <summary>Reads a count of things that take at least <paramref name="minimumBytes"/> each, and refuses more than can follow.</summary>
    public long ReadCount(string what, int minimumBytes)
    {
        long at = cursor.Position;
        ulong count = ReadWide(what);
        return count <= (ulong)(cursor.Left / minimumBytes)
            ? (long)count
            : throw file.Wrong($"{what} is {count}, and the {cursor.Left} bytes that follow cannot hold so many.", cursor.Item, at);
    }

    /// <summary>Reads one dimension.</summary>
    public long ReadSize(string what)
    {
        long at = cursor.Position;
        ulong size = ReadWide(what);
        return size <= long.MaxValue ? (long)size : throw file.Wrong($"{what} is {size}, which is too large.", cursor.Item, at);
    }

    /// <summary>Reads counted UTF-8.</summary>
    public string ReadText(string what, int maxBytes)
    {
        long at = cursor.Position;
        long length = ReadCount($"the length of {what}", minimumBytes: 1);
        return length <= maxBytes
            ? cursor.TakeText((int)length, what)
            : throw file.Wrong($"{what} is {length} bytes long; at most {maxBytes} are allowed.", cursor.Item, at);
    }

    /// <summary>Checks the structure of all values and notes where they are; they are decoded when asked for.</summary>
    public GgufMetadata ReadMetadata(long count)
    {
        Dictionary<string, GgufValue> values = [];
        List<string> keys = [];
        for (long i = 0; i < count; i++)
        {
            cursor.Item = $"key {i}";
            long at = cursor.Position;
            string key = ReadText("the key", MaxKeyBytes);
            cursor.Item = key;
            GgufValue value = ReadValue(ReadType());
            if (!values.TryAdd(key, value)) throw file.Wrong("the key occurs twice.", key, at);
            keys.Add(key);
        }
        cursor.Item = null;
        return new GgufMetadata(file, wide, keys, values);
    }

    private GgufValue ReadValue(GgufValueType type)
    {
        if (type == GgufValueType.Array) return ReadArray(depth: 1);
        long at = cursor.Position;
        SkipScalar(type);
        return new GgufValue(type, type, at, 1);
    }

    private GgufValue ReadArray(int depth)
    {
        if (depth > MaxArrayDepth) throw cursor.Wrong($"arrays are nested deeper than {MaxArrayDepth}.");
        GgufValueType element = ReadType();
        long count = ReadCount("the array's length", MinimumBytes(element));
        long at = cursor.Position;
        if (element == GgufValueType.Array)
            for (long i = 0; i < count; i++) ReadArray(depth + 1);
        else if (element == GgufValueType.String)
            for (long i = 0; i < count; i++) SkipScalar(element);
        else
            cursor.Skip(count * GgufValue.SizeOf(element), "the array");
        return new GgufValue(GgufValueType.Array, element, at, count);
    }

    private void SkipScalar(GgufValueType type)
    {
        if (type == GgufValueType.String) cursor.Skip(ReadCount("the text's length", minimumBytes: 1), "the text");
        else cursor.Skip(GgufValue.SizeOf(type), "the value");
    }

    private int MinimumBytes(GgufValueType type) => type switch
    {
        GgufValueType.String => wide ? 8 : 4,
        GgufValueType.Array => wide ? 12 : 8,
        _ => GgufValue.SizeOf(type),
    };

    private GgufValueType ReadType()
    {
        long at = cursor.Position;
        uint type = cursor.ReadUInt32("the value's type");
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw file.Wrong($"value type {type} is unknown; expected 0 to {(int)GgufValueType.Float64}.", cursor.Item, at);
    }

    private ulong ReadWide(string what) => wide ? cursor.ReadUInt64(what) : cursor.ReadUInt32(what);
}
