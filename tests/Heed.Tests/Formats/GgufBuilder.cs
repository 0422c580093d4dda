using System.Text;
using Heed.Formats;

namespace Heed.Tests.Formats;

/// <summary>Builds small GGUF files of any version, right or wrong.</summary>
internal sealed class GgufBuilder(uint version = 3, int alignment = 32)
{
    private readonly List<Action<ByteBuilder>> keys = [];
    private readonly List<(string Name, long[] Dims, uint Type, byte[] Data, long? Offset)> tensors = [];

    private bool Wide => version != 1;

    /// <summary>A file with a value of every kind and three tensors.</summary>
    public static GgufBuilder Sample(uint version, int alignment = 32) => new GgufBuilder(version, alignment)
        .Key("general.architecture", "llama")
        .Key("general.alignment", GgufValueType.UInt32, BitConverter.GetBytes(alignment))
        .Key("some.u8", GgufValueType.UInt8, [200]).Key("some.i8", GgufValueType.Int8, [0xFE])
        .Key("some.u16", GgufValueType.UInt16, [0xFF, 0xFF]).Key("some.i16", GgufValueType.Int16, [0xFE, 0xFF])
        .Key("some.i32", GgufValueType.Int32, BitConverter.GetBytes(-7)).Key("some.u32", GgufValueType.UInt32, BitConverter.GetBytes(uint.MaxValue))
        .Key("some.u64", GgufValueType.UInt64, BitConverter.GetBytes(ulong.MaxValue)).Key("some.i64", GgufValueType.Int64, BitConverter.GetBytes(-9L))
        .Key("some.f32", GgufValueType.Float32, BitConverter.GetBytes(1.5f)).Key("some.f64", GgufValueType.Float64, BitConverter.GetBytes(0.1))
        .Key("some.bool", GgufValueType.Bool, [1])
        .Strings("some.texts", ["a", "", "größer"])
        .Array("some.ints", GgufValueType.Int16, 3, [1, 0, 2, 0, 0xFF, 0xFF])
        .Array("some.floats", GgufValueType.Float32, 2, [.. BitConverter.GetBytes(0.5f), .. BitConverter.GetBytes(-2f)])
        .Nested("some.nested", depth: 3)
        .Tensor("a.weight", [4, 3], 0, ByteBuilder.Counting(12))
        .Tensor("b.weight", [32], 8, [0, 0x3C, .. Enumerable.Range(0, 32).Select(i => (byte)(i - 16))])
        .Tensor("scalar", [], 0, ByteBuilder.Counting(1));

    public GgufBuilder Key(string key, string value) => Key(key, GgufValueType.String, builder => Text(builder, $"{key} value", value));

    public GgufBuilder Key(string key, GgufValueType type, byte[] value) => Key(key, type, builder => builder.Put($"{key} value", value));

    public GgufBuilder Key(string key, GgufValueType type, Action<ByteBuilder> value)
    {
        keys.Add(builder =>
        {
            Text(builder, $"{key} key", key);
            builder.U32($"{key} type", (uint)type);
            value(builder);
        });
        return this;
    }

    public GgufBuilder Strings(string key, string[] values) => Array(key, GgufValueType.String, values.Length, builder =>
    {
        foreach (string value in values) Text(builder, $"{key} element", value);
    });

    public GgufBuilder Array(string key, GgufValueType element, long count, byte[] data) =>
        Array(key, element, count, builder => builder.Put($"{key} data", data));

    public GgufBuilder Array(string key, GgufValueType element, long count, Action<ByteBuilder> data) => Key(key, GgufValueType.Array, builder =>
    {
        builder.U32($"{key} element type", (uint)element);
        Wider(builder, $"{key} length", count);
        data(builder);
    });

    /// <summary>Arrays of one array, down to one of a single byte.</summary>
    public GgufBuilder Nested(string key, int depth) => Key(key, GgufValueType.Array, builder =>
    {
        for (int i = 1; i < depth; i++)
        {
            builder.U32($"{key} element type {i}", (uint)GgufValueType.Array);
            Wider(builder, $"{key} length {i}", 1);
        }
        builder.U32($"{key} element type {depth}", (uint)GgufValueType.UInt8);
        Wider(builder, $"{key} length {depth}", 1);
        builder.U8($"{key} data", 5);
    });

    public GgufBuilder Tensor(string name, long[] dims, uint type, byte[] data, long? offset = null)
    {
        tensors.Add((name, dims, type, data, offset));
        return this;
    }

    public ByteBuilder Build(string magic = "GGUF")
    {
        ByteBuilder builder = new();
        builder.Text("magic", magic).U32("version", version);
        Wider(builder, "tensor count", tensors.Count);
        Wider(builder, "key count", keys.Count);
        foreach (Action<ByteBuilder> key in keys) key(builder);
        long offset = 0;
        foreach ((string name, long[] dims, uint type, byte[] data, long? forced) in tensors)
        {
            Text(builder, $"{name} name", name);
            builder.U32($"{name} rank", dims.Length);
            foreach (long dim in dims) Wider(builder, $"{name} dim", dim);
            builder.U32($"{name} type", type).U64($"{name} offset", forced ?? offset);
            offset += (data.Length + alignment - 1) / alignment * alignment;
        }
        foreach (var tensor in tensors) builder.AlignTo(alignment).Put($"{tensor.Name} data", tensor.Data);
        return builder;
    }

    private void Text(ByteBuilder builder, string name, string text)
    {
        Wider(builder, $"{name} length", Encoding.UTF8.GetByteCount(text));
        if (text.Length > 0) builder.Text(name, text);
    }

    private void Wider(ByteBuilder builder, string name, long value)
    {
        if (Wide) builder.U64(name, value);
        else builder.U32(name, value);
    }
}
