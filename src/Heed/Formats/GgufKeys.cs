using System.Buffers.Binary;
using System.Text;
using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>The keys and values of a GGUF file that is to be written, in the order in which they were first set; setting a key again replaces its value.</summary>
public sealed class GgufKeys
{
    private const int MaxKeyBytes = 65535;

    private readonly List<string> keys = [];
    private readonly Dictionary<string, byte[]> values = [];

    /// <summary>The number of keys.</summary>
    public int Count => keys.Count;

    /// <summary>Whether the key has a value.</summary>
    public bool Contains(string key) => values.ContainsKey(key);

    /// <summary>Text.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Put(key, GgufValueType.String, Text(value));
    }

    /// <summary>An unsigned integer.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, uint value) => Put(key, GgufValueType.UInt32, Bytes(value));

    /// <summary>A number.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, float value) => Put(key, GgufValueType.Float32, Bytes(BitConverter.SingleToUInt32Bits(value)));

    /// <summary>A truth value.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, bool value) => Put(key, GgufValueType.Bool, [value ? (byte)1 : (byte)0]);

    /// <summary>An array of text.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, IReadOnlyList<string> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        using MemoryStream stream = new();
        foreach (string text in value) stream.Write(Text(text));
        PutArray(key, GgufValueType.String, value.Count, stream.ToArray());
    }

    /// <summary>An array of integers.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, ReadOnlySpan<int> value)
    {
        byte[] bytes = new byte[sizeof(int) * value.Length];
        for (int i = 0; i < value.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), value[i]);
        PutArray(key, GgufValueType.Int32, value.Length, bytes);
    }

    /// <summary>An array of numbers.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, ReadOnlySpan<float> value)
    {
        byte[] bytes = new byte[sizeof(float) * value.Length];
        Quantize.FromFloat(WeightType.F32, value, [], bytes);
        PutArray(key, GgufValueType.Float32, value.Length, bytes);
    }

    /// <summary>An array of bytes.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public void Set(string key, ReadOnlySpan<byte> value) => PutArray(key, GgufValueType.UInt8, value.Length, value);

    /// <summary>Takes over all keys of another file that begin with <paramref name="prefix"/>, with their types; nested arrays, which no model has, are left out.</summary>
    public void CopyFrom(GgufMetadata source, string prefix)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(prefix);
        foreach (string key in source.Keys)
        {
            if (!key.StartsWith(prefix, StringComparison.Ordinal)) continue;
            GgufValueType type = source.TypeOf(key), element = source.ElementTypeOf(key);
            if (type == GgufValueType.String) Set(key, source.GetString(key));
            else if (type != GgufValueType.Array) Put(key, type, source.FixedBytes(key));
            else if (element == GgufValueType.String) Set(key, source.GetStrings(key));
            else if (element != GgufValueType.Array) PutArray(key, element, source.CountOf(key), source.FixedBytes(key));
        }
    }

    /// <summary>All keys and values as the file has them.</summary>
    internal void WriteTo(Stream stream)
    {
        foreach (string key in keys)
        {
            stream.Write(Text(key));
            stream.Write(values[key]);
        }
    }

    /// <summary>Text with its length before it.</summary>
    internal static byte[] Text(string text)
    {
        byte[] bytes = new byte[sizeof(ulong) + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - sizeof(ulong)));
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(sizeof(ulong)));
        return bytes;
    }

    private void PutArray(string key, GgufValueType element, long count, ReadOnlySpan<byte> data)
    {
        byte[] value = new byte[sizeof(uint) + sizeof(ulong) + data.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(value, (uint)element);
        BinaryPrimitives.WriteUInt64LittleEndian(value.AsSpan(sizeof(uint)), (ulong)count);
        data.CopyTo(value.AsSpan(sizeof(uint) + sizeof(ulong)));
        Put(key, GgufValueType.Array, value);
    }

    private void Put(string key, GgufValueType type, ReadOnlySpan<byte> data)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (Encoding.UTF8.GetByteCount(key) > MaxKeyBytes) throw new ArgumentException($"GgufKeys: a key is {key.Length} characters long; at most {MaxKeyBytes} bytes are allowed.", nameof(key));
        byte[] value = [.. Bytes((uint)type), .. data];
        if (!values.ContainsKey(key)) keys.Add(key);
        values[key] = value;
    }

    private static byte[] Bytes(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
