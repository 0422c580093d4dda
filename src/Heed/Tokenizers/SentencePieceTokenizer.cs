using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// SentencePiece (Kudo and Richardson 2018, arXiv 1808.06226): text with its spaces as "▁", cut into pieces by byte-pair merges
/// or by a unigram model, with bytes for what no piece spells. Reads tokenizer.model, llama2.c's tokenizer.bin and GGUF's "llama".
/// </summary>
public sealed class SentencePieceTokenizer : Tokenizer
{
    private const char Meta = '▁';
    private readonly SentencePieceModel _model;
    private readonly SentencePieceNormalizer _normalizer;
    private readonly SentencePieceBpe? _bpe;
    private readonly UnigramModel? _unigram;
    private readonly AddedTokenMatcher _userDefined;
    private readonly WordCache _words = new();
    private readonly WordBoundary _boundary;

    internal SentencePieceTokenizer(SentencePieceModel model)
        : base(Parse(model))
    {
        _model = model;
        _normalizer = new SentencePieceNormalizer(model);
        if (model.IsUnigram) _unigram = new UnigramModel(model);
        else _bpe = new SentencePieceBpe(model);

        // They are looked for in normalized text; files that were not made by SentencePiece may spell them with real spaces.
        _userDefined = new AddedTokenMatcher(OfKind(model, TokenKind.UserDefined)
            .Select(token => model.EscapeWhitespaces ? token with { Text = token.Text.Replace(' ', Meta) } : token));
        _boundary = new WordBoundary(Enumerable.Range(0, model.Pieces.Length).Where(model.IsText).Select(id => model.Pieces[id]));
    }

    internal SentencePieceModel Model => _model;

    internal SentencePieceBpe? Bpe => _bpe;

    /// <inheritdoc/>
    public override void SaveJson(string path) => TokenizerJsonWriter.Write(path, this);

    /// <summary>As in the original, an unknown token decodes to a visible mark.</summary>
    private protected override bool KeepsWhenSkipping(TokenKind kind) => kind == TokenKind.Unknown;

    private protected override void EncodeText(ReadOnlySpan<char> text, bool atStart, bool parseSpecial, List<int> ids)
    {
        ReadOnlySpan<char> normalized = _normalizer.Normalize(text);
        if (_unigram is not null)
        {
            _unigram.Encode(normalized, ids);
            return;
        }

        for (int from = 0; from < normalized.Length;)
        {
            AddedToken? token = _userDefined.Find(normalized, from, special: false, out int start, out int end);
            EncodeChunk(normalized[from..start], ids);
            if (token is not null) ids.Add(token.Id);
            from = end;
        }
    }

    private void EncodeChunk(ReadOnlySpan<char> chunk, List<int> ids)
    {
        while (chunk.Length > 0)
        {
            int length = _boundary.FirstWord(chunk);
            EncodeWord(chunk[..length], ids);
            chunk = chunk[length..];
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        if (!_words.TryGet(word, out ReadOnlySpan<int> known))
        {
            List<int> made = [];
            _bpe!.Encode(word, made);
            known = made.ToArray();
            _words.Add(word, known);
        }

        // A run of unknown characters is one unknown token, over the ends of words too.
        if (known.Length > 0 && ids.Count > 0 && known[0] == _model.UnknownId && ids[^1] == known[0]) known = known[1..];
        ids.AddRange(known);
    }

    private static TokenizerParts Parse(SentencePieceModel model)
    {
        Dictionary<string, int> ids = TokenTable.Index(model.Path, model.Pieces);
        byte[] Bytes(int id) => model.Kinds[id] switch
        {
            TokenKind.Byte when SentencePieceModel.ByteOf(model.Pieces[id]) is >= 0 and int value => [(byte)value],
            TokenKind.Byte => throw new FileFormatException(model.Path, $"the byte token '{model.Pieces[id]}' does not name a byte", $"piece {id}"),
            TokenKind.Unknown => Encoding.UTF8.GetBytes(model.UnknownSurface),
            _ => Encoding.UTF8.GetBytes(model.Pieces[id].Replace(Meta, ' ')),
        };
        TextStart start = !model.AddDummyPrefix && !model.RemoveExtraWhitespaces ? TextStart.Keeps
            : model.RemoveExtraWhitespaces ? TextStart.StripsSpaceOfLeadingPieces : TextStart.StripsSpaceOfFirstPiece;
        return new TokenizerParts(new TokenTable(model.Pieces, model.Kinds, ids, Bytes))
        {
            BosId = model.BosId,
            EosId = model.EosId,
            UnknownId = model.UnknownId,
            PadId = model.PadId,
            Prefix = model.AddBos && model.BosId is { } bos ? [bos] : [],
            Suffix = model.AddEos && model.EosId is { } eos ? [eos] : [],
            MoreStopIds = model.MoreStopIds,
            Added = OfKind(model, TokenKind.Control).Concat(OfKind(model, TokenKind.Unknown)).ToArray(),
            Decoding = new DecodeRule(start),
            ChatTemplate = model.ChatTemplate,
        };
    }

    private static IEnumerable<AddedToken> OfKind(SentencePieceModel model, TokenKind kind) =>
        Enumerable.Range(0, model.Pieces.Length)
            .Where(id => model.Kinds[id] == kind && model.Pieces[id].Length > 0)
            .Select(id => new AddedToken(id, model.Pieces[id], Special: kind != TokenKind.UserDefined));
}
