using System.Runtime.InteropServices;
using Heed.Nn;

namespace Heed.Inference;

/// <summary>The tokens that a row of a cache has seen, so that a later text reads only what is new.</summary>
internal sealed class TokenHistory(KvCache cache, int maxTokens, int row = 0) : IDisposable
{
    private readonly List<int> _tokens = [];

    /// <summary>What has seen the tokens.</summary>
    public KvCache Cache { get; } = cache;

    /// <summary>Which row of the cache.</summary>
    public int Row { get; set; } = row;

    /// <summary>The largest number of tokens.</summary>
    public int MaxTokens { get; } = maxTokens;

    public int Length => _tokens.Count;

    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    public bool IsFull => _tokens.Count >= MaxTokens;

    /// <summary>
    /// Keeps the longest beginning that <paramref name="wanted"/> shares, its last token excepted, and forgets the rest; forgets
    /// all where a part cannot be forgotten.
    /// </summary>
    /// <returns>The number of tokens kept.</returns>
    public int KeepShared(ReadOnlySpan<int> wanted)
    {
        // A pass that failed may have emptied the cache.
        if (Cache.Length(Row) < _tokens.Count) _tokens.RemoveRange(Cache.Length(Row), _tokens.Count - Cache.Length(Row));
        int shared = Shared(wanted);
        if (!Cache.CanTruncateTo(Row, shared)) shared = 0;
        Truncate(shared);
        return shared;
    }

    /// <summary>How many tokens at the beginning <paramref name="wanted"/> shares, its last one excepted.</summary>
    public int Shared(ReadOnlySpan<int> wanted) => wanted.IsEmpty ? 0 : Tokens.CommonPrefixLength(wanted[..^1]);

    /// <summary>The row as a cache of its own.</summary>
    public KvCache OwnCache() => Cache.Batch == 1 ? Cache : Cache.View(Row);

    public void Add(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens) _tokens.Add(token);
    }

    /// <summary>What is left of a full context: the begin token, if there is one, and the younger half of the others.</summary>
    public int[] YoungerHalf(int? beginToken)
    {
        int keep = beginToken is not null && _tokens.Count > 0 && _tokens[0] == beginToken ? 1 : 0;
        if (_tokens.Count - keep < 2) return []; // A context of one or two tokens has no younger half.
        int drop = (_tokens.Count - keep) / 2;
        return [.. _tokens[..keep], .. _tokens[(keep + drop)..]];
    }

    public void Truncate(int length)
    {
        _tokens.RemoveRange(length, _tokens.Count - length);
        Cache.Truncate(Row, length);
    }

    public void Dispose() => Cache.Dispose();
}
