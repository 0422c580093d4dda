using Heed.Models;
using Heed.Nn;

namespace Heed.Inference;

/// <summary>The tokens that a cache has seen, so that a later text reads only what is new.</summary>
/// <param name="cache">What has seen them; owned from now on.</param>
/// <param name="maxTokens">The largest number of tokens.</param>
/// <param name="known">The tokens that the cache has seen before.</param>
internal sealed class TokenHistory(KvCache cache, int maxTokens, params ReadOnlySpan<int> known) : IDisposable
{
    private readonly List<int> _tokens = [.. known];

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
        DropLost();
        int most = Math.Min(_tokens.Count, wanted.Length - 1), shared = 0;
        while (shared < most && _tokens[shared] == wanted[shared]) shared++;
        if (!Cache.CanTruncateTo(0, shared)) shared = 0;
        Truncate(shared);
        return shared;
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

    /// <summary>Forgets the tokens from a length on, if they can be forgotten.</summary>
    /// <returns>Whether there are no more than that.</returns>
    public bool TryTruncate(int length)
    {
        DropLost();
        if (length >= _tokens.Count) return true;
        if (!Cache.CanTruncateTo(0, length)) return false;
        Truncate(length);
        return true;
    }

    /// <summary>Writes tokens and cache to a file.</summary>
    public void Save(Transformer network, string path)
    {
        DropLost();
        network.SaveCache(Cache, path, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_tokens));
    }

    // A pass that failed may have emptied the cache.
    private void DropLost()
    {
        if (Cache.Length() < _tokens.Count) _tokens.RemoveRange(Cache.Length(), _tokens.Count - Cache.Length());
    }

    public void Dispose() => Cache.Dispose();
}
