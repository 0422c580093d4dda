using System.Buffers.Binary;

namespace Heed.Tokenizers;

/// <summary>
/// SentencePiece's precompiled character map (NFKC and the like): a double-array trie of UTF-8 strings
/// followed by the strings they are replaced with, each ended by a zero byte.
/// </summary>
internal sealed class CharsMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    public CharsMap(string path, ReadOnlySpan<byte> data)
    {
        uint size = data.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(data);
        if (size == 0 || size % 4 != 0 || size > (uint)(data.Length - 4))
            throw new FileFormatException(path, $"a trie of {size} bytes inside {data.Length}", "precompiled_charsmap");
        _units = new uint[size / 4];
        for (int i = 0; i < _units.Length; i++) _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(data[(4 + (4 * i))..]);
        _replacements = data[(4 + (int)size)..].ToArray();
        if (_replacements.Length == 0 || _replacements[^1] != 0)
            throw new FileFormatException(path, "the replacements do not end with a zero byte", "precompiled_charsmap");
    }

    /// <summary>The longest mapped string that the input begins with.</summary>
    public bool TryMatch(ReadOnlySpan<byte> input, out int length, out ReadOnlySpan<byte> replacement)
    {
        length = 0;
        replacement = default;
        uint at = Offset(_units[0]);
        for (int i = 0; i < input.Length; i++)
        {
            at ^= input[i];
            if (at >= (uint)_units.Length) break;
            uint unit = _units[at];
            if ((unit & 0x8000_00FF) != input[i]) break;
            at ^= Offset(unit);
            if ((unit & 0x100) == 0) continue;
            if (at >= (uint)_units.Length) break;
            uint start = _units[at] & 0x7FFF_FFFF;
            if (start >= (uint)_replacements.Length) break;
            length = i + 1;
            replacement = _replacements.AsSpan((int)start);
        }

        if (length > 0) replacement = replacement[..replacement.IndexOf((byte)0)];
        return length > 0;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
