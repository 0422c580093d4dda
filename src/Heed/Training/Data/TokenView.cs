using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Heed.Training.Data;

/// <summary>A selection of a corpus's documents, read as if it were a corpus of its own. Holds 16 bytes for each document.</summary>
public sealed class TokenView
{
    private readonly long[] _sources;
    private readonly long[] _starts;

    internal TokenView(TokenCorpus corpus, IReadOnlyList<(long Start, long Length)> documents)
    {
        Corpus = corpus;
        _sources = new long[documents.Count];
        _starts = new long[documents.Count + 1];
        for (int i = 0; i < documents.Count; i++)
        {
            _sources[i] = documents[i].Start;
            _starts[i + 1] = _starts[i] + documents[i].Length;
        }
    }

    /// <summary>What this is a selection of.</summary>
    public TokenCorpus Corpus { get; }

    /// <summary>How many tokens there are.</summary>
    public long TokenCount => _starts[^1];

    /// <summary>How many documents there are.</summary>
    public int DocumentCount => _sources.Length;

    /// <summary>Every id is less than this.</summary>
    public int VocabSize => Corpus.VocabSize;

    /// <summary>Where a document begins; for <see cref="DocumentCount"/> the number of tokens.</summary>
    public long DocumentStart(int document) => _starts[document];

    /// <summary>The document that a token belongs to.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such token.</exception>
    public int DocumentAt(long token)
    {
        if (token < 0 || token >= TokenCount) throw new ArgumentOutOfRangeException(nameof(token), token, $"DocumentAt: there are {TokenCount} tokens.");
        int found = Array.BinarySearch(_starts, token);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>Tells the selection from others: 32 hexadecimal digits of a hash of its ids and of where its documents begin.</summary>
    /// <param name="cancellation">Stops the reading.</param>
    public string Fingerprint(CancellationToken cancellation = default)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<long>(_starts));
        int[] piece = new int[(int)Math.Min(1 << 16, TokenCount)];
        for (long done = 0; done < TokenCount; done += piece.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<int> ids = piece.AsSpan(0, (int)Math.Min(piece.Length, TokenCount - done));
            Read(done, ids);
            hash.AppendData(MemoryMarshal.AsBytes(ids));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, TokenizerFingerprint.Bytes));
    }

    /// <summary>Reads tokens.</summary>
    /// <param name="start">The first token's place in this selection.</param>
    /// <param name="destination">Gets as many tokens as it is long.</param>
    /// <exception cref="ArgumentOutOfRangeException">They leave the selection.</exception>
    public void Read(long start, Span<int> destination)
    {
        if (start < 0 || start > TokenCount - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"Read: {destination.Length} tokens from {start} leave the selection of {TokenCount}.");
        if (destination.IsEmpty) return;
        for (int document = DocumentAt(start); destination.Length > 0; document++)
        {
            int count = (int)Math.Min(destination.Length, _starts[document + 1] - start);
            Corpus.Read(_sources[document] + start - _starts[document], destination[..count]);
            destination = destination[count..];
            start += count;
        }
    }
}
