namespace Heed.Tokenizers;

/// <summary>A tokenizer read from Hugging Face's tokenizer.json, put together from the components that the file names.</summary>
public sealed class HuggingFaceTokenizer : Tokenizer
{
    private readonly TextNormalizer? _normalizer;
    private readonly PreTokenizer? _preTokenizer;
    private readonly AddedTokenMatcher? _normalized;
    private readonly WordEncoder _model;
    private readonly byte[] _source;

    internal HuggingFaceTokenizer(
        TokenizerParts parts, byte[] source, TextNormalizer? normalizer, PreTokenizer? preTokenizer, IReadOnlyList<AddedToken> normalized, WordEncoder model)
        : base(parts)
    {
        (_source, _normalizer, _preTokenizer, _model) = (source, normalizer, preTokenizer, model);
        _normalized = normalized.Count == 0 ? null : new AddedTokenMatcher(normalized);
    }

    /// <summary>Encodes a word, as it comes out of the pre-tokenizer.</summary>
    internal delegate void WordEncoder(ReadOnlySpan<char> word, List<int> ids);

    internal override bool CutsAtSeams =>
        _normalizer is null && _normalized is null && AddedStayBetweenSpaces(Parts.Added)
        && (_preTokenizer?.CutsAtSeams ?? _model.Target is CharBpe { MapsSingleCharacters: true });

    /// <summary>The tokenizer.json that this tokenizer was read from.</summary>
    internal ReadOnlyMemory<byte> Source => _source;

    /// <summary>Writes the tokenizer.json that this tokenizer was read from.</summary>
    /// <param name="path">The file to write.</param>
    public override void SaveJson(string path) => File.WriteAllBytes(path, _source);

    internal static HuggingFaceTokenizer Read(string path, byte[] data) => new HuggingFaceReader(path, data).Read();

    private protected override void EncodeText(ReadOnlySpan<char> text, bool atStart, bool parseSpecial, List<int> ids)
    {
        string normalized = text.ToString();
        if (_normalizer is not null) normalized = _normalizer.Normalize(normalized);
        for (int from = 0; from < normalized.Length;)
        {
            (AddedToken? token, int start, int end) = (null, normalized.Length, normalized.Length);
            if (_normalized is not null) token = _normalized.Find(normalized, from, parseSpecial, out start, out end);
            if (start > from) EncodePiece(new TextPiece(normalized, from, start - from, atStart && from == 0), ids);
            if (token is not null) ids.Add(token.Id);
            from = end;
        }
    }

    private void EncodePiece(TextPiece piece, List<int> ids)
    {
        if (_preTokenizer is null)
        {
            _model(piece.Span, ids);
            return;
        }

        List<TextPiece> words = [];
        _preTokenizer.Apply(piece, words);
        foreach (TextPiece word in words)
            if (word.Length > 0) _model(word.Span, ids);
    }
}
