namespace Heed.Models;

/// <summary>The texts that a model's encoder reads: one for each row of a batch, of any lengths. Does not change.</summary>
public sealed class SourceRows
{
    private readonly int[] _tokens;
    private readonly int[] _lengths;

    /// <summary>Lays texts into rows as long as the longest one; padding is never seen.</summary>
    /// <param name="texts">Token ids; a text may be empty.</param>
    /// <exception cref="ArgumentException">There are no texts.</exception>
    public SourceRows(params IReadOnlyList<int[]> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0) throw new ArgumentException("SourceRows: got no texts; expected one for each row of a batch.", nameof(texts));
        SeqLen = Math.Max(1, texts.Max(text => text.Length));
        _tokens = new int[checked(texts.Count * SeqLen)];
        _lengths = [.. texts.Select(text => text.Length)];
        for (int row = 0; row < _lengths.Length; row++) texts[row].CopyTo(_tokens.AsSpan(row * SeqLen));
    }

    private SourceRows(int[] tokens, int[] lengths, int seqLen) => (_tokens, _lengths, SeqLen) = (tokens, lengths, seqLen);

    /// <summary>The number of rows.</summary>
    public int Batch => _lengths.Length;

    /// <summary>The length of a row.</summary>
    public int SeqLen { get; }

    /// <summary>The ids, row after row; 0 where a row is filled up.</summary>
    public ReadOnlySpan<int> Tokens => _tokens;

    /// <summary>How many tokens of each row are no padding.</summary>
    public ReadOnlySpan<int> Lengths => _lengths;

    /// <summary>Some neighbouring rows, as long as they are here.</summary>
    internal SourceRows Slice(int first, int count) => new(_tokens[(first * SeqLen)..((first + count) * SeqLen)], _lengths[first..(first + count)], SeqLen);

    /// <summary>Where each token stands; −1 is padding.</summary>
    internal int[] Positions()
    {
        int[] positions = new int[_tokens.Length];
        for (int i = 0; i < positions.Length; i++) positions[i] = i % SeqLen < _lengths[i / SeqLen] ? i % SeqLen : -1;
        return positions;
    }
}
