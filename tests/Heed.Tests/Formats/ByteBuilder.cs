using System.Buffers.Binary;
using System.Text;

namespace Heed.Tests.Formats;

/// <summary>One field of a built file: what it is and where.</summary>
public sealed record Field(string Name, int Offset, int Size);

/// <summary>Writes little-endian fields and remembers where each is, so that a test can damage them in turn.</summary>
internal sealed class ByteBuilder
{
    private readonly MemoryStream stream = new();

    public List<Field> Fields { get; } = [];

    public int Position => (int)stream.Position;

    public byte[] ToArray() => stream.ToArray();

    public ByteBuilder U8(string name, byte value) => Put(name, [value]);

    public ByteBuilder U16(string name, int value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return Put(name, bytes);
    }

    public ByteBuilder U32(string name, long value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, unchecked((uint)value));
        return Put(name, bytes);
    }

    public ByteBuilder U64(string name, long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Put(name, bytes);
    }

    public ByteBuilder Text(string name, string text) => Put(name, Encoding.UTF8.GetBytes(text));

    public ByteBuilder Put(string name, ReadOnlySpan<byte> bytes)
    {
        Fields.Add(new Field(name, Position, bytes.Length));
        stream.Write(bytes);
        return this;
    }

    public ByteBuilder AlignTo(int alignment)
    {
        while (stream.Length % alignment != 0) stream.WriteByte(0);
        return this;
    }

    /// <summary>Numbers 1, 2, 3, ... as float32.</summary>
    public static byte[] Counting(int count, float start = 1)
    {
        byte[] bytes = new byte[count * sizeof(float)];
        for (int i = 0; i < count; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), start + i);
        return bytes;
    }
}
