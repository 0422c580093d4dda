using System.Buffers.Binary;
using System.Text;

namespace Heed.Formats;

/// <summary>Reads little-endian fields of a mapped file one after another; running over the end is an error that says where.</summary>
internal sealed class ByteCursor(MappedFile file, long position = 0)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The next byte's offset in the file.</summary>
    public long Position { get; private set; } = position;

    /// <summary>Bytes from <see cref="Position"/> to the file's end.</summary>
    public long Left => file.Length - Position;

    /// <summary>The tensor or key being read, for error messages.</summary>
    public string? Item { get; set; }

    public byte ReadByte(string what) => Take(1, what)[0];

    public int ReadInt32(string what) => BinaryPrimitives.ReadInt32LittleEndian(Take(4, what));

    public uint ReadUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong ReadUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>Takes <paramref name="length"/> bytes as they are.</summary>
    public ReadOnlySpan<byte> Take(int length, string what)
    {
        Require(length, what);
        ReadOnlySpan<byte> bytes = file.Span(Position, length);
        Position += length;
        return bytes;
    }

    /// <summary>Takes <paramref name="length"/> bytes of UTF-8.</summary>
    public string TakeText(int length, string what)
    {
        long start = Position;
        try
        {
            return StrictUtf8.GetString(Take(length, what));
        }
        catch (DecoderFallbackException error)
        {
            throw file.Wrong($"{what} is not UTF-8.", Item, start, error);
        }
    }

    /// <summary>Moves over <paramref name="length"/> bytes.</summary>
    public void Skip(long length, string what)
    {
        Require(length, what);
        Position += length;
    }

    /// <summary>Refuses a claim of <paramref name="length"/> bytes that the file does not have.</summary>
    public void Require(long length, string what)
    {
        if (length < 0 || length > Left)
            throw Wrong($"truncated: {what} takes {length} bytes, and {Left} are left.");
    }

    /// <summary>An error at the present position.</summary>
    public FileFormatException Wrong(string problem) => file.Wrong(problem, Item, Position);
}
