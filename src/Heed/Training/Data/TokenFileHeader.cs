using System.Buffers.Binary;
using Heed.Formats;

namespace Heed.Training.Data;

/// <summary>
/// The header of a token file, 64 bytes, little-endian: magic, version, bytes per id, vocabulary size, zero, the tokenizer's
/// fingerprint, and the numbers of tokens, documents and bytes of text. The ids follow, padded with zeros to a multiple of 8,
/// and then each document's start as 8 bytes.
/// </summary>
internal sealed record TokenFileHeader(int IdBytes, int VocabSize, string Fingerprint, long TokenCount, long DocumentCount, long TextBytes)
{
    public const int Bytes = 64;
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "HEEDTOKS"u8;

    /// <summary>Where the documents' starts begin.</summary>
    public long StartsOffset => Padded(Bytes + (TokenCount * IdBytes));

    public static int IdBytesFor(int vocabSize) => vocabSize <= 1 << 16 ? 2 : 4;

    public static long Padded(long offset) => (offset + 7) & ~7L;

    public void Write(Span<byte> destination)
    {
        destination[..Bytes].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], IdBytes);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], VocabSize);
        Convert.FromHexString(Fingerprint).CopyTo(destination[24..]);
        BinaryPrimitives.WriteInt64LittleEndian(destination[40..], TokenCount);
        BinaryPrimitives.WriteInt64LittleEndian(destination[48..], DocumentCount);
        BinaryPrimitives.WriteInt64LittleEndian(destination[56..], TextBytes);
    }

    /// <summary>Reads the header and checks that the file is exactly as long as it says.</summary>
    public static TokenFileHeader Read(MappedFile file)
    {
        if (file.Length < Bytes) throw file.Wrong($"{file.Length} bytes are too few for a token file, whose header has {Bytes}.", offset: 0);
        ReadOnlySpan<byte> header = file.Span(0, Bytes);
        if (!header.StartsWith(Magic)) throw file.Wrong("this is not a token file: it does not begin with HEEDTOKS.", offset: 0);
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        if (version != Version) throw file.Wrong($"version {version} of token files is not known; need {Version}. Encode the text anew.", "version", 8);
        TokenFileHeader read = new(
            BinaryPrimitives.ReadInt32LittleEndian(header[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(header[16..]),
            Convert.ToHexStringLower(header.Slice(24, TokenizerFingerprint.Bytes)),
            BinaryPrimitives.ReadInt64LittleEndian(header[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[56..]));
        read.Check(file);
        return read;
    }

    private void Check(MappedFile file)
    {
        if (IdBytes is not (2 or 4)) throw file.Wrong($"ids of {IdBytes} bytes; need 2 or 4.", "id width", 12);
        if (VocabSize < 1) throw file.Wrong($"a vocabulary of {VocabSize}; need at least 1.", "vocabulary size", 16);
        if (TokenCount < 1 || TokenCount > file.Length / IdBytes) throw file.Wrong($"{TokenCount} tokens do not fit into {file.Length} bytes; need at least 1.", "token count", 40);
        if (DocumentCount < 1 || DocumentCount > Math.Min(TokenCount, int.MaxValue)) throw file.Wrong($"{DocumentCount} documents of {TokenCount} tokens; need 1 up to one for each token.", "document count", 48);
        if (TextBytes < 0) throw file.Wrong($"{TextBytes} bytes of text.", "text bytes", 56);
        long expected = StartsOffset + (8 * DocumentCount);
        if (file.Length != expected) throw file.Wrong($"the file has {file.Length} bytes; {TokenCount} tokens and {DocumentCount} documents take {expected}.", offset: 0);
    }
}
