using System.Buffers.Binary;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>Reads the wire format of Protocol Buffers from bytes in memory; whatever does not fit is a <see cref="FileFormatException"/>.</summary>
internal ref struct ProtobufReader(string path, ReadOnlySpan<byte> data, long origin)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> _data = data;
    private int _at;
    private int _wire;

    /// <summary>The byte offset in the file.</summary>
    public readonly long Offset => origin + _at;

    /// <summary>Reads the next field's number; false at the end of the message.</summary>
    public bool Next(out int field)
    {
        field = 0;
        if (_at == _data.Length) return false;
        ulong tag = Varint();
        (field, _wire) = ((int)(tag >> 3), (int)(tag & 7));
        if (field <= 0 || tag > uint.MaxValue) throw Error($"the field tag {tag} is not valid");
        return true;
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_at >= _data.Length) throw Error("the file ends inside a number");
            byte next = _data[_at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw Error("a number is longer than 64 bits");
    }

    public int Int32()
    {
        Need(0);
        return (int)(long)Varint();
    }

    public bool Bool() => Int32() != 0;

    public float Float()
    {
        Need(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public ReadOnlySpan<byte> Bytes()
    {
        Need(2);
        ulong length = Varint();
        if (length > (ulong)(_data.Length - _at)) throw Error($"a field claims {length} bytes, {_data.Length - _at} are left");
        return Take((int)length);
    }

    /// <summary>A reader of the message inside this field.</summary>
    public ProtobufReader Message()
    {
        ReadOnlySpan<byte> bytes = Bytes();
        return new ProtobufReader(path, bytes, Offset - bytes.Length);
    }

    public string Text()
    {
        ReadOnlySpan<byte> bytes = Bytes();
        try
        {
            return s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new FileFormatException(path, "a string is not valid UTF-8", offset: Offset - bytes.Length, inner: error);
        }
    }

    public void Skip()
    {
        switch (_wire)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case 2: Bytes(); break;
            case 5: Take(4); break;
            default: throw Error($"wire type {_wire} is not known");
        }
    }

    private void Need(int wire)
    {
        if (_wire != wire) throw Error($"a field has wire type {_wire}, expected {wire}");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _data.Length - _at) throw Error($"a field of {count} bytes is cut off, {_data.Length - _at} are left");
        _at += count;
        return _data.Slice(_at - count, count);
    }

    private readonly FileFormatException Error(string problem) => new(path, problem, offset: Offset);
}
