using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Heed.Formats;

/// <summary>
/// A GGUF file's keys and values. Values are decoded from the mapped file whenever they are asked for, so the file must not be disposed yet.
/// A getter throws <see cref="FileFormatException"/> where the key is absent (except the Try getters, which return false),
/// has another type, or holds a value that does not fit.
/// </summary>
public sealed class GgufMetadata
{
    private readonly MappedFile file;
    private readonly bool wide;
    private readonly Dictionary<string, GgufValue> values;

    internal GgufMetadata(MappedFile file, bool wide, IReadOnlyList<string> keys, Dictionary<string, GgufValue> values)
    {
        this.file = file;
        this.wide = wide;
        Keys = keys;
        this.values = values;
    }

    /// <summary>All keys in the file's order.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Whether the file has the key.</summary>
    public bool Contains(string key) => values.ContainsKey(key);

    /// <summary>The type of the value, <see cref="GgufValueType.Array"/> for arrays.</summary>
    public GgufValueType TypeOf(string key) => Find(key).Type;

    /// <summary>The type of an array's elements; for other values that of the value.</summary>
    public GgufValueType ElementTypeOf(string key) => Find(key).ElementType;

    /// <summary>The number of an array's elements; 1 for other values.</summary>
    public long CountOf(string key) => Find(key).Count;

    /// <summary>Text.</summary>
    public string GetString(string key) => Decode(key, "text", GgufValueType.String, StringAt);

    /// <summary>An integer of any width that fits an int.</summary>
    public int GetInt(string key) => checked((int)GetLong(key, int.MinValue, int.MaxValue));

    /// <summary>An integer of any width that fits a long.</summary>
    public long GetLong(string key) => GetLong(key, long.MinValue, long.MaxValue);

    /// <summary>A floating-point number or an integer, rounded to float32.</summary>
    public float GetFloat(string key)
    {
        GgufValue value = Find(key);
        return IsNumber(value.Type) ? FloatAt(value.Type, value.Offset) : throw Mistyped(key, value, "a number");
    }

    /// <summary>A truth value.</summary>
    public bool GetBool(string key) =>
        Decode(key, "a truth value", GgufValueType.Bool, (name, at) => file.Span(at, 1)[0] switch
        {
            0 => false,
            1 => true,
            byte other => throw file.Wrong($"a truth value is {other}; expected 0 or 1.", name, at),
        });

    /// <summary>An array of text.</summary>
    public string[] GetStrings(string key)
    {
        GgufValue value = FindArray(key, type => type == GgufValueType.String, "an array of text");
        string[] result = new string[value.Count];
        ByteCursor cursor = new(file, value.Offset) { Item = key };
        GgufReader reader = new(file, cursor, wide);
        for (int i = 0; i < result.Length; i++) result[i] = reader.ReadText("the text", int.MaxValue);
        return result;
    }

    /// <summary>An array of integers of any width that fit ints.</summary>
    public int[] GetInts(string key)
    {
        GgufValue value = FindArray(key, IsInteger, "an array of integers");
        int size = GgufValue.SizeOf(value.ElementType);
        int[] result = new int[value.Count];
        for (int i = 0; i < result.Length; i++)
            result[i] = (int)IntegerAt(key, value.ElementType, value.Offset + (long)i * size, int.MinValue, int.MaxValue);
        return result;
    }

    /// <summary>An array of floating-point numbers or integers, rounded to float32.</summary>
    public float[] GetFloats(string key)
    {
        GgufValue value = FindArray(key, IsNumber, "an array of numbers");
        int size = GgufValue.SizeOf(value.ElementType);
        float[] result = new float[value.Count];
        for (int i = 0; i < result.Length; i++) result[i] = FloatAt(value.ElementType, value.Offset + (long)i * size);
        return result;
    }

    /// <summary>As <see cref="GetString"/>; false where the key is absent.</summary>
    public bool TryGetString(string key, [MaybeNullWhen(false)] out string value) => TryGet(key, GetString, out value);

    /// <summary>As <see cref="GetInt"/>; false where the key is absent.</summary>
    public bool TryGetInt(string key, out int value) => TryGet(key, GetInt, out value);

    /// <summary>As <see cref="GetLong(string)"/>; false where the key is absent.</summary>
    public bool TryGetLong(string key, out long value) => TryGet(key, GetLong, out value);

    /// <summary>As <see cref="GetFloat"/>; false where the key is absent.</summary>
    public bool TryGetFloat(string key, out float value) => TryGet(key, GetFloat, out value);

    /// <summary>As <see cref="GetBool"/>; false where the key is absent.</summary>
    public bool TryGetBool(string key, out bool value) => TryGet(key, GetBool, out value);

    /// <summary>As <see cref="GetStrings"/>; false where the key is absent.</summary>
    public bool TryGetStrings(string key, [MaybeNullWhen(false)] out string[] value) => TryGet(key, GetStrings, out value);

    /// <summary>As <see cref="GetInts"/>; false where the key is absent.</summary>
    public bool TryGetInts(string key, [MaybeNullWhen(false)] out int[] value) => TryGet(key, GetInts, out value);

    /// <summary>As <see cref="GetFloats"/>; false where the key is absent.</summary>
    public bool TryGetFloats(string key, [MaybeNullWhen(false)] out float[] value) => TryGet(key, GetFloats, out value);

    /// <summary>The value as a line of text for people: scalars as they are, text cut to <paramref name="maxLength"/>, arrays as their kind.</summary>
    public string Preview(string key, int maxLength = 80)
    {
        GgufValue value = Find(key);
        string text = value.Type switch
        {
            GgufValueType.String => GetString(key).ReplaceLineEndings(" "),
            GgufValueType.Bool => GetBool(key) ? "true" : "false",
            GgufValueType.Array => value.Kind,
            GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(file.Span(value.Offset, 8)).ToString(CultureInfo.InvariantCulture),
            GgufValueType.Float32 or GgufValueType.Float64 => GetFloat(key).ToString(CultureInfo.InvariantCulture),
            _ => GetLong(key).ToString(CultureInfo.InvariantCulture),
        };
        return text.Length <= maxLength ? text : string.Concat(text.AsSpan(0, maxLength), "…");
    }

    /// <summary>The bytes of a value, or of an array's elements, of a type with a fixed size.</summary>
    internal ReadOnlySpan<byte> FixedBytes(string key)
    {
        GgufValue value = Find(key);
        return file.Span(value.Offset, checked((int)value.Count * GgufValue.SizeOf(value.ElementType)));
    }

    /// <summary>Where the value begins in the file.</summary>
    internal long OffsetOf(string key) => Find(key).Offset;

    private bool TryGet<T>(string key, Func<string, T> get, [MaybeNullWhen(false)] out T value)
    {
        bool present = values.ContainsKey(key);
        value = present ? get(key) : default;
        return present;
    }

    private T Decode<T>(string key, string expected, GgufValueType type, Func<string, long, T> at)
    {
        GgufValue value = Find(key);
        return value.Type == type ? at(key, value.Offset) : throw Mistyped(key, value, expected);
    }

    private long GetLong(string key, long least, long most)
    {
        GgufValue value = Find(key);
        return IsInteger(value.Type) ? IntegerAt(key, value.Type, value.Offset, least, most) : throw Mistyped(key, value, "an integer");
    }

    private GgufValue FindArray(string key, Func<GgufValueType, bool> fits, string expected)
    {
        GgufValue value = Find(key);
        return value.Type == GgufValueType.Array && fits(value.ElementType) && value.Count <= Array.MaxLength
            ? value
            : throw Mistyped(key, value, expected);
    }

    private GgufValue Find(string key) => values.TryGetValue(key, out GgufValue value)
        ? value
        : throw file.Wrong("the metadata key is absent.", key);

    private FileFormatException Mistyped(string key, GgufValue value, string expected) =>
        file.Wrong($"the value is {value.Kind}; expected {expected}.", key, value.Offset);

    private static bool IsInteger(GgufValueType type) =>
        type is not (GgufValueType.Float32 or GgufValueType.Float64 or GgufValueType.Bool or GgufValueType.String or GgufValueType.Array);

    private static bool IsNumber(GgufValueType type) => type is GgufValueType.Float32 or GgufValueType.Float64 || IsInteger(type);

    private string StringAt(string key, long offset) =>
        new GgufReader(file, new ByteCursor(file, offset) { Item = key }, wide).ReadText("the text", int.MaxValue);

    private long IntegerAt(string key, GgufValueType type, long offset, long least, long most)
    {
        ReadOnlySpan<byte> bytes = file.Span(offset, GgufValue.SizeOf(type));
        Int128 value = type switch
        {
            GgufValueType.UInt8 => bytes[0],
            GgufValueType.Int8 => (sbyte)bytes[0],
            GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        };
        return value >= least && value <= most ? (long)value : throw file.Wrong($"the integer {value} is outside {least} to {most}.", key, offset);
    }

    private float FloatAt(GgufValueType type, long offset) => type switch
    {
        GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(file.Span(offset, 4)),
        GgufValueType.Float64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(file.Span(offset, 8)),
        GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(file.Span(offset, 8)),
        _ => IntegerAt("", type, offset, long.MinValue, long.MaxValue),
    };
}
