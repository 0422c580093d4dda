using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Byte-pair encoding over characters, as tokenizer.json's BPE model does it without byte-level spelling:
/// a character that is not a token becomes its bytes' tokens or the unknown token, and then pairs merge.
/// </summary>
internal sealed class CharBpe
{
    private readonly CharBpeOptions _options;
    private readonly MergeTable _merges;
    private readonly Dictionary<string, int> _vocabulary;
    private readonly RuneSymbols _symbols = new();
    private readonly int[] _byteIds;
    private readonly WordCache _words = new();
    private readonly WordBoundary? _boundary;

    public CharBpe(Dictionary<string, int> vocabulary, MergeTable merges, CharBpeOptions options)
    {
        (_vocabulary, _merges, _options) = (vocabulary, merges, options);
        _byteIds = new int[256];
        for (int value = 0; value < 256; value++)
            _byteIds[value] = options.ByteFallback && vocabulary.TryGetValue($"<0x{value:X2}>", out int id) ? id : -1;
        foreach ((string text, int id) in vocabulary)
            if (Rune.DecodeFromUtf16(text, out Rune rune, out int length) == OperationStatus.Done && length == text.Length) _symbols.Set(rune, id);

        if (options.IgnoreMerges || options.HasAffixes) return;
        HashSet<int> results = merges.All.Select(merge => merge.Result).ToHashSet();
        _boundary = new WordBoundary(vocabulary.Where(pair => results.Contains(pair.Value)).Select(pair => pair.Key), c => _symbols.Get(new Rune(c)) >= 0);
    }

    /// <summary>Whether each character's ids depend on nothing but the character.</summary>
    public bool MapsSingleCharacters => _merges.Count == 0 && !_options.FusesUnknown && !_options.IgnoreMerges && !_options.HasAffixes;

    /// <summary>Appends the ids of a word.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        while (word.Length > 0)
        {
            int length = _boundary?.FirstWord(word) ?? word.Length;
            EncodeWord(word[..length], ids);
            word = word[length..];
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_words.TryGet(word, out ReadOnlySpan<int> known))
        {
            ids.AddRange(known);
            return;
        }

        int before = ids.Count;
        if (_options.IgnoreMerges && _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out int whole)) ids.Add(whole);
        else EncodeCharacters(word, ids);
        _words.Add(word, CollectionsMarshal.AsSpan(ids)[before..]);
    }

    private void EncodeCharacters(ReadOnlySpan<char> word, List<int> ids)
    {
        int[] rented = ArrayPool<int>.Shared.Rent(4 * word.Length);
        try
        {
            int count = 0;
            bool afterUnknown = false;
            for (int at = 0; at < word.Length;)
            {
                Rune.DecodeFromUtf16(word[at..], out Rune rune, out int length);
                int symbol = Symbol(rune, isFirst: at == 0, isLast: at + length == word.Length);
                at += length;
                if (symbol < 0 && WriteBytes(rune, rented, ref count)) continue;
                bool isUnknown = symbol < 0;
                if (isUnknown) symbol = afterUnknown && _options.FusesUnknown ? -1 : _options.UnknownId;
                afterUnknown = isUnknown;
                if (symbol >= 0) rented[count++] = symbol;
            }

            count = BpeMerger.Merge(_merges, rented.AsSpan(0, count));
            ids.AddRange(rented.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private int Symbol(Rune rune, bool isFirst, bool isLast)
    {
        if (!_options.HasAffixes) return _symbols.Get(rune);
        string text = (isFirst ? string.Empty : _options.Prefix) + rune.ToString() + (isLast ? _options.Suffix : string.Empty);
        return _vocabulary.TryGetValue(text, out int id) ? id : -1;
    }

    private bool WriteBytes(Rune rune, int[] symbols, ref int count)
    {
        if (!_options.ByteFallback) return false;
        Span<byte> utf8 = stackalloc byte[4];
        utf8 = utf8[..rune.EncodeToUtf8(utf8)];
        foreach (byte value in utf8)
            if (_byteIds[value] < 0) return false;
        foreach (byte value in utf8) symbols[count++] = _byteIds[value];
        return true;
    }
}

/// <summary>The options of tokenizer.json's BPE model.</summary>
internal sealed record CharBpeOptions
{
    public bool ByteFallback { get; init; }

    public bool FusesUnknown { get; init; }

    public bool IgnoreMerges { get; init; }

    public int UnknownId { get; init; } = -1;

    public string Prefix { get; init; } = string.Empty;

    public string Suffix { get; init; } = string.Empty;

    public bool HasAffixes => Prefix.Length + Suffix.Length > 0;
}
