using System.IO.Compression;

namespace Heed.Tokenizers;

/// <summary>The Unicode Character Database as far as normalization needs it, unpacked on first use.</summary>
internal sealed class UnicodeNormalizerTables
{
    private static readonly Lazy<UnicodeNormalizerTables> s_instance = new(() => new UnicodeNormalizerTables());
    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatible = [];
    private readonly Dictionary<(int First, int Second), int> _composed = [];

    private UnicodeNormalizerTables()
    {
        using DeflateStream inflated = new(new MemoryStream(Convert.FromBase64String(UnicodeNormalizerData.Deflated)), CompressionMode.Decompress);
        using MemoryStream bytes = new();
        inflated.CopyTo(bytes);
        bytes.Position = 0;
        ReadClasses(bytes);
        Dictionary<int, int[]> canonical = ReadMappings(bytes, composes: true);
        Dictionary<int, int[]> compatible = ReadMappings(bytes, composes: false);
        foreach ((int character, int[] mapping) in compatible) _compatible[character] = mapping;
        foreach ((int character, int[] mapping) in canonical) _compatible[character] = mapping;
        foreach (int character in canonical.Keys) _canonical[character] = Expand(character, canonical).ToArray();
        foreach (int character in _compatible.Keys.ToArray()) _compatible[character] = Expand(character, _compatible).ToArray();
    }

    public static UnicodeNormalizerTables Instance => s_instance.Value;

    /// <summary>The canonical combining class; 0 for a starter.</summary>
    public int Class(int character) => character < 0x300 ? 0 : _classes.GetValueOrDefault(character);

    /// <summary>The full decomposition of a character, or null where it has none.</summary>
    public int[]? Decompose(int character, bool compatible) => (compatible ? _compatible : _canonical).GetValueOrDefault(character);

    /// <summary>The character that two compose to, or -1.</summary>
    public int Compose(int first, int second) => _composed.TryGetValue((first, second), out int composed) ? composed : -1;

    private static IEnumerable<int> Expand(int character, Dictionary<int, int[]> mappings) =>
        mappings.TryGetValue(character, out int[]? mapping) ? mapping.SelectMany(part => Expand(part, mappings)) : [character];

    private void ReadClasses(MemoryStream bytes)
    {
        int start = 0;
        for (int run = Number(bytes); run > 0; run--)
        {
            start += Number(bytes);
            int length = Number(bytes);
            byte combining = (byte)Number(bytes);
            for (int i = 0; i < length; i++) _classes[start + i] = combining;
        }
    }

    private Dictionary<int, int[]> ReadMappings(MemoryStream bytes, bool composes)
    {
        Dictionary<int, int[]> mappings = [];
        int character = 0;
        for (int left = Number(bytes); left > 0; left--)
        {
            character += Number(bytes);
            int header = Number(bytes);
            int[] mapping = new int[header >> 1];
            int previous = character;
            for (int i = 0; i < mapping.Length; i++) mapping[i] = previous += ZigZag(Number(bytes));
            mappings[character] = mapping;
            if (composes && (header & 1) == 0) _composed[(mapping[0], mapping[1])] = character;
        }

        return mappings;
    }

    private static int ZigZag(int value) => (value & 1) == 0 ? value >> 1 : -((value + 1) >> 1);

    private static int Number(MemoryStream bytes)
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            int next = bytes.ReadByte();
            value |= (next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }
}
