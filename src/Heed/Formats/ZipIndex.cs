using System.Buffers.Binary;
using System.Text;

namespace Heed.Formats;

/// <summary>One entry of a zip archive whose bytes are stored as they are.</summary>
internal readonly record struct ZipMember(string Name, long Offset, long Length);

/// <summary>
/// Finds where the entries of a zip archive lie, so that they can be mapped: System.IO.Compression does not tell.
/// Compressed and encrypted entries, several disks and contradictions are errors. ZIP64 is read.
/// </summary>
internal sealed class ZipIndex
{
    private const uint EndSignature = 0x06054B50, End64Signature = 0x06064B50, Locator64Signature = 0x07064B50;
    private const uint CentralSignature = 0x02014B50, LocalSignature = 0x04034B50;
    private const int EndBytes = 22, Locator64Bytes = 20, End64Bytes = 56, CentralBytes = 46, LocalBytes = 30;
    private const int MaxCommentBytes = 65535;

    private readonly MappedFile file;
    private readonly Dictionary<string, ZipMember> members = [];

    private ZipIndex(MappedFile file) => this.file = file;

    /// <summary>All entries by name.</summary>
    public IReadOnlyDictionary<string, ZipMember> Members => members;

    /// <summary>Reads the archive's directory and each entry's own header.</summary>
    public static ZipIndex Read(MappedFile file)
    {
        ZipIndex index = new(file);
        (long count, long start, long length) = index.FindDirectory();
        ByteCursor cursor = new(file, start);
        long end = start + length;
        if (count > length / CentralBytes)
            throw file.Wrong($"{count} entries cannot be in a zip directory of {length} bytes.", offset: start);
        for (long i = 0; i < count; i++) index.ReadEntry(cursor, end);
        index.CheckOverlap(start);
        return index;
    }

    private (long Count, long Start, long Length) FindDirectory()
    {
        long at = FindEnd();
        ReadOnlySpan<byte> end = file.Span(at, EndBytes);
        if (BinaryPrimitives.ReadUInt16LittleEndian(end[4..]) is not (0 or ushort.MaxValue))
            throw file.Wrong("a zip archive of several disks cannot be read.", offset: at);
        ulong count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
        ulong length = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
        ulong start = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
        long limit = at;
        if (count == ushort.MaxValue || length == uint.MaxValue || start == uint.MaxValue) (count, length, start, limit) = ReadEnd64(at);
        if (start > (ulong)limit || length > (ulong)limit - start)
            throw file.Wrong($"the zip directory of {length} bytes at {start} leaves the file.", offset: at);
        return (checked((long)Math.Min(count, long.MaxValue)), (long)start, (long)length);
    }

    private long FindEnd()
    {
        int tail = (int)Math.Min(file.Length, EndBytes + MaxCommentBytes);
        ReadOnlySpan<byte> bytes = file.Span(file.Length - tail, tail);
        for (int i = tail - EndBytes; i >= 0; i--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[i..]) != EndSignature) continue;
            int comment = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i + 20)..]);
            if (i + EndBytes + comment == tail) return file.Length - tail + i;
        }
        throw file.Wrong("truncated: the zip archive has no directory at its end.", offset: file.Length);
    }

    private (ulong Count, ulong Length, ulong Start, long Limit) ReadEnd64(long end)
    {
        if (end < Locator64Bytes + End64Bytes) throw file.Wrong("the ZIP64 directory is absent.", offset: end);
        ReadOnlySpan<byte> locator = file.Span(end - Locator64Bytes, Locator64Bytes);
        ulong at = BinaryPrimitives.ReadUInt64LittleEndian(locator[8..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != Locator64Signature || at > (ulong)(end - Locator64Bytes - End64Bytes))
            throw file.Wrong("the ZIP64 directory is absent.", offset: end - Locator64Bytes);
        ReadOnlySpan<byte> end64 = file.Span((long)at, End64Bytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(end64) != End64Signature)
            throw file.Wrong("the ZIP64 directory's end is not where its locator says.", offset: (long)at);
        return (BinaryPrimitives.ReadUInt64LittleEndian(end64[32..]), BinaryPrimitives.ReadUInt64LittleEndian(end64[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(end64[48..]), (long)at);
    }

    private void ReadEntry(ByteCursor cursor, long end)
    {
        long at = cursor.Position;
        if (end - at < CentralBytes) throw file.Wrong("the zip directory ends inside an entry.", offset: at);
        ReadOnlySpan<byte> entry = cursor.Take(CentralBytes, "the zip entry");
        if (BinaryPrimitives.ReadUInt32LittleEndian(entry) != CentralSignature)
            throw file.Wrong("the zip directory has no entry here.", offset: at);
        int nameBytes = BinaryPrimitives.ReadUInt16LittleEndian(entry[28..]);
        int extraBytes = BinaryPrimitives.ReadUInt16LittleEndian(entry[30..]);
        int commentBytes = BinaryPrimitives.ReadUInt16LittleEndian(entry[32..]);
        if (end - cursor.Position < nameBytes + extraBytes + commentBytes) throw file.Wrong("the zip directory ends inside an entry.", offset: at);
        string name = cursor.TakeText(nameBytes, "the zip entry's name");
        ReadOnlySpan<byte> extra = cursor.Take(extraBytes, "the zip entry's extra field");
        cursor.Skip(commentBytes, "the zip entry's comment");

        if ((BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]) & 1) != 0) throw file.Wrong("the zip entry is encrypted.", name, at);
        int method = BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]);
        if (method != 0)
            throw file.Wrong($"the zip entry is compressed (method {method}); only stored entries can be mapped.", name, at);
        ulong packed = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
        ulong length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        ulong local = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);
        ReadExtra64(extra, name, at, ref length, ref packed, ref local);
        if (packed != length) throw file.Wrong($"the stored zip entry's sizes differ: {packed} and {length}.", name, at);
        ZipMember member = new(name, DataOffset(name, local, length, at), (long)length);
        if (!members.TryAdd(name, member)) throw file.Wrong("the zip entry's name occurs twice.", name, at);
    }

    // In the ZIP64 field stand, in this order, those of the three numbers that are all ones in the entry itself.
    private void ReadExtra64(ReadOnlySpan<byte> extra, string name, long at, ref ulong length, ref ulong packed, ref ulong local)
    {
        if (length != uint.MaxValue && packed != uint.MaxValue && local != uint.MaxValue) return;
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra);
            int size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4) break;
            ReadOnlySpan<byte> field = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            if (id != 1) continue;
            if (Widen(ref field, ref length) && Widen(ref field, ref packed) && Widen(ref field, ref local)) return;
            break;
        }
        throw file.Wrong("the zip entry's ZIP64 field is absent or damaged.", name, at);
    }

    private static bool Widen(ref ReadOnlySpan<byte> field, ref ulong value)
    {
        if (value != uint.MaxValue) return true;
        if (field.Length < 8) return false;
        value = BinaryPrimitives.ReadUInt64LittleEndian(field);
        field = field[8..];
        return true;
    }

    private long DataOffset(string name, ulong local, ulong length, long at)
    {
        if (local > (ulong)(file.Length - LocalBytes)) throw file.Wrong($"the zip entry is said to begin at {local}, outside the file.", name, at);
        ReadOnlySpan<byte> header = file.Span((long)local, LocalBytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != LocalSignature) throw file.Wrong("the zip entry's own header is not here.", name, (long)local);
        int nameBytes = BinaryPrimitives.ReadUInt16LittleEndian(header[26..]);
        long offset = (long)local + LocalBytes + nameBytes + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        if (offset > file.Length || length > (ulong)(file.Length - offset))
            throw file.Wrong($"the zip entry's {length} bytes leave the file of {file.Length} bytes.", name, offset);
        if (!file.Span((long)local + LocalBytes, nameBytes).SequenceEqual(Encoding.UTF8.GetBytes(name)))
            throw file.Wrong("the zip entry's own header has another name.", name, (long)local);
        return offset;
    }

    private void CheckOverlap(long directory)
    {
        long end = 0;
        foreach (ZipMember member in members.Values.OrderBy(member => member.Offset).ThenBy(member => member.Length))
        {
            if (member.Offset < end || member.Offset + member.Length > directory)
                throw file.Wrong("the zip entry overlaps another or the directory.", member.Name, member.Offset);
            end = member.Offset + member.Length;
        }
    }
}
