using System.Runtime.InteropServices;
using Heed.Models;
using Heed.Nn;

namespace Heed.Inference;

/// <summary>The tokens that a row of a cache has seen, so that a later text reads only what is new.</summary>
/// <param name="cache">What has seen them; owned from now on.</param>
/// <param name="maxTokens">The largest number of tokens.</param>
/// <param name="row">Which row of the cache.</param>
/// <param name="known">The tokens that the cache has seen before.</param>
internal sealed class TokenHistory(KvCache cache, int maxTokens, int row = 0, params ReadOnlySpan<int> known) : IDisposable
{
    private readonly List<int> _tokens = [.. known];

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
        DropLost();
        int shared = Shared(wanted);
        if (!Cache.CanTruncateTo(Row, shared)) shared = 0;
        Truncate(shared);
        return shared;
    }

    /// <summary>How many tokens at the beginning <paramref name="wanted"/> shares, its last one excepted.</summary>
    public int Shared(ReadOnlySpan<int> wanted) => wanted.IsEmpty ? 0 : Tokens.CommonPrefixLength(wanted[..^1]);

    /// <summary>The row as a cache of its own.</summary>
    public KvCache OwnCache() => Cache.Batch == 1 ? Cache : Cache.View(Row);

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
        Cache.Truncate(Row, length);
    }

    /// <summary>Forgets the tokens from a length on, if they can be forgotten.</summary>
    /// <returns>Whether there are no more than that.</returns>
    public bool TryTruncate(int length)
    {
        DropLost();
        if (length >= _tokens.Count) return true;
        if (!Cache.CanTruncateTo(Row, length)) return false;
        Truncate(length);
        return true;
    }

    /// <summary>Writes tokens and cache to a file.</summary>
    public void Save(Transformer network, string path)
    {
        DropLost();
        network.SaveCache(Cache, path, CollectionsMarshal.AsSpan(_tokens));
    }

    // A pass that failed may have emptied the cache.
    private void DropLost()
    {
        if (Cache.Length(Row) < _tokens.Count) _tokens.RemoveRange(Cache.Length(Row), _tokens.Count - Cache.Length(Row));
    }

    public void Dispose() => Cache.Dispose();
}
