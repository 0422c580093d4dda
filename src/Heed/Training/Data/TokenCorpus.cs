namespace Heed.Training.Data;

/// <summary>Text as ids, document after document. Does not change, and may be read by several threads at once.</summary>
public abstract class TokenCorpus : IDisposable
{
    private protected TokenCorpus()
    {
    }

    /// <summary>How many tokens there are; at least 1.</summary>
    public abstract long TokenCount { get; }

    /// <summary>How many documents there are; at least 1, none of them empty.</summary>
    public abstract int DocumentCount { get; }

    /// <summary>Every id is at least 0 and less than this.</summary>
    public abstract int VocabSize { get; }

    /// <summary>The length of the text in UTF-8 bytes, for figures per byte.</summary>
    public abstract long TextBytes { get; }

    /// <summary>The <see cref="TokenizerFingerprint"/> of the tokenizer that made the ids.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>Where a document begins; for <see cref="DocumentCount"/> the number of tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such document.</exception>
    public abstract long DocumentStart(int document);

    /// <summary>Reads tokens.</summary>
    /// <param name="start">The first token's place.</param>
    /// <param name="destination">Gets as many tokens as it is long.</param>
    /// <exception cref="ArgumentOutOfRangeException">They leave the corpus.</exception>
    /// <exception cref="FileFormatException">An id on disk is not of the vocabulary.</exception>
    public void Read(long start, Span<int> destination)
    {
        if (start < 0 || start > TokenCount - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"Read: {destination.Length} tokens from {start} leave the corpus of {TokenCount}.");
        ReadChecked(start, destination);
    }

    /// <summary>Refuses ids that another tokenizer made.</summary>
    /// <exception cref="ArgumentException">The fingerprints differ.</exception>
    public void RequireTokenizer(Tokenizers.Tokenizer tokenizer)
    {
        string other = TokenizerFingerprint.Of(tokenizer);
        if (other != Fingerprint)
            throw new ArgumentException($"TokenCorpus: the ids were made by another tokenizer (fingerprint {Fingerprint}, vocabulary {VocabSize}) than this one ({other}, {tokenizer.VocabSize}); encode the text anew.", nameof(tokenizer));
    }

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    private protected abstract void ReadChecked(long start, Span<int> destination);

    private protected void CheckDocument(int document)
    {
        if ((uint)document > (uint)DocumentCount)
            throw new ArgumentOutOfRangeException(nameof(document), document, $"DocumentStart: there are {DocumentCount} documents.");
    }
}
