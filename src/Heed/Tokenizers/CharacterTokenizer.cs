using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// A token for each character (Unicode scalar value) of a text, in the order of their code points: id 0 is the lowest.
/// What did not occur becomes &lt;unk&gt; or bytes, see <see cref="CharacterTokenizerOptions.ByteFallback"/>.
/// </summary>
public sealed class CharacterTokenizer : Tokenizer
{
    private const string Unknown = "<unk>";
    private readonly RuneSymbols _symbols = new();
    private readonly int _firstByte;

    private CharacterTokenizer(TokenizerParts parts, IReadOnlyList<Rune> characters, int firstByte)
        : base(parts)
    {
        _firstByte = firstByte;
        for (int id = 0; id < characters.Count; id++) _symbols.Set(characters[id], id);
    }

    internal override bool CutsAtSeams => true;

    internal bool ByteFallback => _firstByte >= 0;

    /// <summary>Makes a tokenizer of the characters of a text.</summary>
    /// <exception cref="ArgumentException">The text is empty, or the special tokens contradict each other or the characters.</exception>
    public static CharacterTokenizer Train(string text, CharacterTokenizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Train([text], options);
    }

    /// <summary>Makes a tokenizer of the characters of several texts; a surrogate without its partner is taken as U+FFFD.</summary>
    /// <param name="texts">The texts, read once.</param>
    /// <param name="options">What to make beside the characters, or null for the defaults.</param>
    /// <exception cref="ArgumentException">The texts are empty, or the special tokens contradict each other or the characters.</exception>
    public static CharacterTokenizer Train(IEnumerable<string> texts, CharacterTokenizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        options ??= new CharacterTokenizerOptions();
        HashSet<int> seen = [];
        foreach (string text in texts)
            foreach (Rune rune in text.EnumerateRunes()) seen.Add(rune.Value);
        if (seen.Count == 0) throw new ArgumentException("CharacterTokenizer.Train: the text is empty; need at least one character.", nameof(texts));
        return Make(seen.Order().Select(value => new Rune(value)).ToArray(), options);
    }

    /// <inheritdoc/>
    public override void SaveJson(string path) => TokenizerJsonWriter.Write(path, this);

    private protected override void EncodeText(ReadOnlySpan<char> text, bool atStart, bool parseSpecial, List<int> ids)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int id = _symbols.Get(rune);
            if (id >= 0) ids.Add(id);
            else if (_firstByte < 0) ids.Add(UnknownId!.Value);
            else
                foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)]) ids.Add(_firstByte + value);
        }
    }

    private static CharacterTokenizer Make(Rune[] characters, CharacterTokenizerOptions options)
    {
        List<string> texts = characters.Select(rune => rune.ToString()).ToList();
        List<TokenKind> kinds = Enumerable.Repeat(TokenKind.Normal, texts.Count).ToList();
        int firstByte = options.ByteFallback ? texts.Count : -1;
        string[] specials = options.ByteFallback ? [.. options.SpecialTokens] : [Unknown, .. options.SpecialTokens];
        if (options.ByteFallback)
        {
            texts.AddRange(Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"));
            kinds.AddRange(Enumerable.Repeat(TokenKind.Byte, 256));
        }

        texts.AddRange(specials);
        kinds.AddRange(Enumerable.Repeat(TokenKind.Control, specials.Length));
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (string text in texts)
            if (text.Length == 0 || !ids.TryAdd(text, ids.Count))
                throw new ArgumentException($"CharacterTokenizer.Train: the special token '{text}' is empty or a token already.", nameof(options));

        int? Find(string? name, string role) => name is null ? null : specials.Contains(name) ? ids[name]
            : throw new ArgumentException($"CharacterTokenizer.Train: {role} is '{name}', which is not among the special tokens.", nameof(options));
        int? bos = Find(options.Bos, nameof(options.Bos));
        if (options.AddBos && bos is null) throw new ArgumentException("CharacterTokenizer.Train: AddBos needs Bos.", nameof(options));
        TokenTable tokens = new(texts.ToArray(), kinds.ToArray(), ids, id => kinds[id] == TokenKind.Byte ? [(byte)(id - firstByte)] : Encoding.UTF8.GetBytes(texts[id]));
        TokenizerParts parts = new(tokens)
        {
            BosId = bos,
            EosId = Find(options.Eos, nameof(options.Eos)),
            UnknownId = options.ByteFallback ? null : ids[Unknown],
            Prefix = options.AddBos ? [bos!.Value] : [],
            Added = specials.Select(text => new AddedToken(ids[text], text, Special: true)).ToArray(),
            ChatTemplate = options.ChatTemplate,
        };
        return new CharacterTokenizer(parts, characters, firstByte);
    }
}
