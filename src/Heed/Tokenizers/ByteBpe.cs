using System.Buffers;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Byte-level byte-pair encoding of one word at a time (Radford et al. 2019, GPT-2): the word's UTF-8 bytes are the first symbols.
/// </summary>
internal sealed class ByteBpe
{
    private readonly int[] _byteIds;
    private readonly MergeTable _merges;
    private readonly Dictionary<string, int>? _wholeWords;
    private readonly int _unknown;
    private readonly WordCache _words = new();

    /// <param name="byteIds">For each byte the id of its token, or -1.</param>
    /// <param name="merges">The merges.</param>
    /// <param name="wholeWords">Words that are one token whatever the merges say, by their text; or null.</param>
    /// <param name="unknown">The id for a byte without a token; -1 leaves it out.</param>
    public ByteBpe(int[] byteIds, MergeTable merges, Dictionary<string, int>? wholeWords, int unknown)
    {
        (_byteIds, _merges, _wholeWords, _unknown) = (byteIds, merges, wholeWords, unknown);
    }

    public MergeTable Merges => _merges;

    public bool TakesWholeWords => _wholeWords is not null;

    /// <summary>Appends the ids of one word.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_words.TryGet(word, out ReadOnlySpan<int> known))
        {
            ids.AddRange(known);
            return;
        }

        int before = ids.Count;
        if (_wholeWords is not null && _wholeWords.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out int whole)) ids.Add(whole);
        else EncodeBytes(word, ids);
        _words.Add(word, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids)[before..]);
    }

    /// <summary>The words among the tokens: those whose bytes are valid UTF-8, by their text.</summary>
    public static Dictionary<string, int> WholeWords(TokenTable tokens)
    {
        Dictionary<string, int> words = new(tokens.Count);
        for (int id = 0; id < tokens.Count; id++)
        {
            ReadOnlySpan<byte> bytes = tokens.Bytes(id);
            if (bytes.Length > 0 && tokens.Kind(id) == TokenKind.Normal && System.Text.Unicode.Utf8.IsValid(bytes))
                words.TryAdd(Encoding.UTF8.GetString(bytes), id);
        }

        return words;
    }

    private void EncodeBytes(ReadOnlySpan<char> word, List<int> ids)
    {
        int room = Encoding.UTF8.GetMaxByteCount(word.Length);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(room);
        int[] symbols = ArrayPool<int>.Shared.Rent(room);
        try
        {
            int length = Encoding.UTF8.GetBytes(word, bytes);
            int count = 0;
            for (int i = 0; i < length; i++)
            {
                int id = _byteIds[bytes[i]];
                if (id < 0) id = _unknown;
                if (id >= 0) symbols[count++] = id;
            }

            count = BpeMerger.Merge(_merges, symbols.AsSpan(0, count));
            ids.AddRange(symbols.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<int>.Shared.Return(symbols);
        }
    }
}
