using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>A corpus in memory, for texts of moderate size.</summary>
public sealed class TokenMemory : TokenCorpus
{
    private readonly int[] _ids;
    private readonly int[] _starts;

    /// <summary>Takes ids as they are.</summary>
    /// <param name="ids">The ids, document after document; owned by the corpus from now on.</param>
    /// <param name="documentStarts">Where each document begins, ascending from 0; null makes all one document.</param>
    /// <param name="vocabSize">Every id is less than this.</param>
    /// <param name="fingerprint">The tokenizer's, or empty.</param>
    /// <param name="textBytes">The length of the text in UTF-8 bytes, or 0.</param>
    /// <exception cref="ArgumentException">There are no ids, an id is not of the vocabulary, or the starts do not ascend from 0.</exception>
    public TokenMemory(int[] ids, int[]? documentStarts, int vocabSize, string fingerprint = "", long textBytes = 0)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Length == 0) throw new ArgumentException("TokenMemory: there are no tokens; need at least one.", nameof(ids));
        int wrong = Array.FindIndex(ids, id => (uint)id >= (uint)vocabSize);
        if (wrong >= 0) throw new ArgumentException($"TokenMemory: token {wrong} is id {ids[wrong]}; need 0 <= id < {vocabSize}.", nameof(ids));
        _starts = documentStarts ?? [0];
        if (_starts.Length == 0 || _starts[0] != 0 || _starts[^1] >= ids.Length || _starts.Zip(_starts.Skip(1)).Any(pair => pair.First >= pair.Second))
            throw new ArgumentException($"TokenMemory: document starts must ascend from 0 and lie below {ids.Length}.", nameof(documentStarts));
        (_ids, VocabSize, Fingerprint, TextBytes) = (ids, vocabSize, fingerprint, textBytes);
    }

    /// <inheritdoc/>
    public override long TokenCount => _ids.Length;

    /// <inheritdoc/>
    public override int DocumentCount => _starts.Length;

    /// <inheritdoc/>
    public override int VocabSize { get; }

    /// <inheritdoc/>
    public override long TextBytes { get; }

    /// <inheritdoc/>
    public override string Fingerprint { get; }

    /// <summary>Encodes a text, which is one document: BOS where the tokenizer adds one, the text, and EOS where there is one.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    public static TokenMemory FromText(string text, Tokenizer tokenizer)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return Collect([new DocumentPiece(text, EndsDocument: true, 0)], tokenizer, null, 0)!;
    }

    /// <summary>Encodes every document of a source: BOS where the tokenizer adds one, the text, and EOS where there is one.</summary>
    /// <param name="source">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="progress">Told how far it is, or null.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="FileFormatException">The source holds no text, or a file is not what it must be.</exception>
    public static TokenMemory FromSource(TextSource source, Tokenizer tokenizer, IProgress<TokenizeProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Collect(source.Read(cancellation), tokenizer, progress, source.TotalBytes) ?? throw DocumentEncoder.NoText(source);
    }

    /// <inheritdoc/>
    public override long DocumentStart(int document)
    {
        CheckDocument(document);
        return document == _starts.Length ? _ids.Length : _starts[document];
    }

    private protected override void ReadChecked(long start, Span<int> destination) => _ids.AsSpan((int)start, destination.Length).CopyTo(destination);

    private static TokenMemory? Collect(IEnumerable<DocumentPiece> pieces, Tokenizer tokenizer, IProgress<TokenizeProgress>? progress, long totalBytes)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        List<int> ids = [];
        List<int> starts = [];
        DocumentEncoder encoder = new(tokenizer, progress, totalBytes);
        foreach (EncodedPiece piece in encoder.Encode(pieces))
        {
            if (piece.StartsDocument) starts.Add(ids.Count);
            ids.AddRange(piece.Ids);
        }

        return ids.Count == 0 ? null : new TokenMemory(ids.ToArray(), starts.ToArray(), tokenizer.VocabSize, TokenizerFingerprint.Of(tokenizer), encoder.TextBytes);
    }
}
