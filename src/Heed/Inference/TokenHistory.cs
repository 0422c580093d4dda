using System.Runtime.InteropServices;
using Heed.Nn;

namespace Heed.Inference;

/// <summary>The tokens that a cache has seen, so that a later text reads only what is new.</summary>
internal sealed class TokenHistory(KvCache cache, int maxTokens) : IDisposable
{
    private readonly List<int> _tokens = [];

    /// <summary>What has seen the tokens.</summary>
    public KvCache Cache { get; } = cache;

    /// <summary>The largest number of tokens.</summary>
    public int MaxTokens { get; } = maxTokens;

    public int Length => _tokens.Count;

    public bool IsFull => _tokens.Count >= MaxTokens;

    /// <summary>
    /// Keeps the longest beginning that <paramref name="wanted"/> shares, its last token excepted, and forgets the rest; forgets
    /// all where a part cannot be forgotten.
    /// </summary>
    /// <returns>The number of tokens kept.</returns>
    public int KeepShared(ReadOnlySpan<int> wanted)
    {
        // A pass that failed may have emptied the cache.
        if (Cache.Length() < _tokens.Count) _tokens.RemoveRange(Cache.Length(), _tokens.Count - Cache.Length());
        int shared = CollectionsMarshal.AsSpan(_tokens).CommonPrefixLength(wanted[..^1]);
        if (!Cache.CanTruncateTo(0, shared)) shared = 0;
        Truncate(shared);
        return shared;
    }

    /// <summary>The tokens with one more behind them, which is not added; valid until the next change.</summary>
    public ReadOnlySpan<int> With(int token)
    {
        _tokens.Add(token);
        ReadOnlySpan<int> all = CollectionsMarshal.AsSpan(_tokens);
        _tokens.RemoveAt(_tokens.Count - 1);
        return all;
    }

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
        Cache.Truncate(0, length);
    }

    public void Dispose() => Cache.Dispose();
}
