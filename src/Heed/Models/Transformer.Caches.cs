using Heed.Nn;

namespace Heed.Models;

/// <content>Memory for what the model has read.</content>
public sealed partial class Transformer
{
    /// <summary>An empty cache that fits this model.</summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="maxPositions">The largest number of tokens in a row; the model's own bound if 0.</param>
    /// <param name="rolling">
    /// Whether layers with a window keep the latest tokens alone; if not they keep all, so that rows can be cut back to any length.
    /// What the model computes is the same.
    /// </param>
    /// <param name="type">What keys and values are rounded to when they are stored; what is computed with them then does not depend on how the text is cut into calls.</param>
    /// <exception cref="NotSupportedException">The model sees both ways, or the type is not F32 and the mixer not attention.</exception>
    public KvCache CreateCache(int batch = 1, int maxPositions = 0, bool rolling = true, KvCacheType type = KvCacheType.F32)
    {
        if (Config.Bidirectional) ThrowNoCache("CreateCache");
        int bound = maxPositions > 0 ? Math.Min(maxPositions, Config.MaxSeqLen) : Config.MaxSeqLen;
        if (_mixers is null) return new(Config.NumLayers, batch, Config.KvHeads, Config.HeadSize, bound, Device, Config.ValueHeadSize, rolling ? _windows : null, type);
        Config.CheckCacheType("CreateCache", type);
        return new(_mixers, batch, bound, Device);
    }

    /// <summary>
    /// A cache whose rows hold their tokens in blocks of 64, which rows with the same beginning share until one of them is written on
    /// (Kwon et al. 2023, arXiv 2309.06180). Layers with a window keep all tokens in it.
    /// </summary>
    /// <param name="batch">The number of rows; <see cref="KvCache.Arrange"/> changes it.</param>
    /// <param name="maxPositions">The largest number of tokens in a row; the model's context if 0.</param>
    /// <param name="maxTokens">The most tokens of all rows together, shared ones counted once, in whole blocks; no bound if 0.</param>
    /// <param name="type">What keys and values are rounded to when they are stored.</param>
    /// <exception cref="NotSupportedException">The model sees both ways, or its mixer keeps states and no keys.</exception>
    public KvCache CreatePagedCache(int batch = 1, int maxPositions = 0, long maxTokens = 0, KvCacheType type = KvCacheType.F32)
    {
        if (Config.Bidirectional) ThrowNoCache("CreatePagedCache");
        if (_mixers is not null) throw new NotSupportedException($"CreatePagedCache: the model's mixer is {Config.Mixer}, which keeps states and no keys and values of tokens; CreateCache makes a cache of these.");
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);
        int bound = maxPositions > 0 ? Math.Min(maxPositions, Config.MaxSeqLen) : Config.MaxSeqLen;
        return KvCache.InBlocks(Config.NumLayers, batch, Config.KvHeads, (Config.HeadSize, Config.ValueHeadSize), bound, maxTokens, type, Device);
    }
}
