using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Heed.Tokenizers;

/// <summary>
/// A vocabulary: for each id its spelling in the file, its kind and the bytes it decodes to.
/// Ids without a token (gaps) have an empty spelling and decode to nothing.
/// </summary>
internal sealed class TokenTable
{
    private readonly string[] _texts;
    private readonly TokenKind[] _kinds;
    private readonly int[] _offsets;
    private readonly byte[] _bytes;
    private readonly Dictionary<string, int> _ids;

    /// <summary>Takes ownership of the arrays; <paramref name="decode"/> gives the bytes a token stands for.</summary>
    public TokenTable(string[] texts, TokenKind[] kinds, Dictionary<string, int> ids, Func<int, byte[]> decode)
    {
        (_texts, _kinds, _ids) = (texts, kinds, ids);
        _offsets = new int[texts.Length + 1];
        List<byte> bytes = new(texts.Length * 6);
        for (int id = 0; id < texts.Length; id++)
        {
            bytes.AddRange(texts[id].Length == 0 ? [] : decode(id));
            _offsets[id + 1] = bytes.Count;
        }

        _bytes = bytes.ToArray();
    }

    public int Count => _texts.Length;

    public IReadOnlyDictionary<string, int> Ids => _ids;

    public string Text(int id) => _texts[Checked(id)];

    public TokenKind Kind(int id) => _kinds[Checked(id)];

    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_offsets[Checked(id)].._offsets[id + 1]);

    public bool TryFind(string text, out int id) => _ids.TryGetValue(text, out id);

    /// <summary>The dictionary from spelling to id, which fails on a spelling that appears twice.</summary>
    public static Dictionary<string, int> Index(string path, IReadOnlyList<string> texts)
    {
        Dictionary<string, int> ids = new(texts.Count);
        for (int id = 0; id < texts.Count; id++)
        {
            if (texts[id].Length == 0) continue;
            ref int slot = ref CollectionsMarshal.GetValueRefOrAddDefault(ids, texts[id], out bool exists);
            if (exists) throw new FileFormatException(path, $"the token '{texts[id]}' appears twice, as ids {slot} and {id}");
            slot = id;
        }

        return ids;
    }

    private int Checked(int id)
    {
        if ((uint)id >= (uint)_texts.Length) ThrowId(id, _texts.Length);
        return id;
    }

    [DoesNotReturn]
    private static void ThrowId(int id, int count) =>
        throw new ArgumentOutOfRangeException(nameof(id), id, $"Tokenizer: id {id} is not in the vocabulary; need 0 <= id < {count}.");
}
