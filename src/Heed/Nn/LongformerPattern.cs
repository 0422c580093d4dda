using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Longformer's attention (Beltagy et al. 2020, arXiv 2004.05150, section 3.1): a token sees a window to either side of it, perhaps
/// dilated, and the global tokens, which are the first ones of each row or document and see all of it. Any length will do.
/// </summary>
public sealed class LongformerPattern : AttentionPattern
{
    /// <summary>Makes the pattern.</summary>
    /// <param name="window">Keys on each side of a query's own, 0 or more; in a causal model before it.</param>
    /// <param name="dilation">The distance between them; 1 leaves no gap.</param>
    /// <param name="globalTokens">The number of global tokens, 0 or more.</param>
    /// <param name="globalQuery">hidden → heads·headDim: the queries of global tokens; null if they use those of all tokens.</param>
    /// <param name="globalKeyValue">
    /// hidden → kvHeads·(headDim + valueDim), rows in the order keys, values: what global tokens see of all tokens; null with <paramref name="globalQuery"/>.
    /// How other tokens see global ones is as they see one another.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small.</exception>
    /// <exception cref="ArgumentException">One projection is given without the other, or both without global tokens.</exception>
    public LongformerPattern(int window, int dilation = 1, int globalTokens = 0, Linear? globalQuery = null, Linear? globalKeyValue = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        ArgumentOutOfRangeException.ThrowIfLessThan(dilation, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(globalTokens);
        if (globalQuery is null != globalKeyValue is null)
            throw new ArgumentException($"LongformerPattern: got {(globalQuery is null ? "globalKeyValue" : "globalQuery")} alone; expected both projections of global tokens, or none.");
        if (globalQuery is not null && globalTokens == 0) throw new ArgumentException("LongformerPattern: got projections of global tokens, and globalTokens is 0; expected 1 or more.", nameof(globalTokens));
        (Window, Dilation, GlobalTokens) = (window, dilation, globalTokens);
        Globals = globalQuery is null ? null : new GlobalProjections(globalTokens, globalQuery, globalKeyValue!);
        Mask = new LongformerMask(window, dilation, globalTokens, GlobalsSee: Globals is null);
    }

    /// <summary>Keys on each side of a query's own.</summary>
    public int Window { get; }

    /// <summary>The distance between them.</summary>
    public int Dilation { get; }

    /// <summary>The number of global tokens.</summary>
    public int GlobalTokens { get; }

    /// <summary>What queries see with the projections of all tokens; those of global tokens nothing, if they have their own.</summary>
    public override AttentionMask Mask { get; }

    internal override GlobalProjections? Globals { get; }
}
