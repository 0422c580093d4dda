namespace Heed.Kernels;

/// <summary>
/// What changes scores beside scale and soft-cap, in this order: the bias by distance, the bias, the mask, the choice of the
/// greatest, and a sink in the softmax's denominator. A score of -inf hides its key as a mask does.
/// </summary>
internal unsafe struct ScoreModifiers
{
    /// <summary>Null, or what the queries see inside their intervals.</summary>
    public MaskTiles? Tiles;

    /// <summary>Null, or [head, queries + keys - 1]: element j - i + queries - 1 is added to the scores of query i and key j.</summary>
    public float* Distances;

    /// <summary>
    /// Over stored keys, where queries stand at their limits: the biases of each head, [head, DistanceCount], of which element
    /// DistanceCount - 1 + key - limit is added. Above every limit.
    /// </summary>
    public int DistanceCount;

    /// <summary>Null, or the bias of (batch b, head h, query i, key j) at b * BiasBatchStride + h * BiasHeadStride + i * BiasQueryStride + j; strides of 0 repeat.</summary>
    public float* Bias;
    public long BiasBatchStride;
    public long BiasHeadStride;
    public long BiasQueryStride;

    /// <summary>Null, or [head]: one more logit in the denominator of every row that sees something (Xiao et al. 2023, arXiv 2309.17453).</summary>
    public float* Sinks;

    /// <summary>0, or how many of its visible keys a query keeps: the greatest scores, of equal ones those of lower keys.</summary>
    public int TopK;

    /// <summary>
    /// Where TopK is above 0, [2, batch, head, query]: the least score that is kept, and the last key that is kept with just
    /// that score. The forward pass writes what the backward pass reads.
    /// </summary>
    public float* Choice;

    /// <summary>
    /// Over stored keys: null, or for each query of [batch, query] where its runs of visible keys begin among <see cref="Runs"/>,
    /// and at the end where the last ones end. Keys outside of the query's interval are hidden all the same.
    /// </summary>
    public int* RunStarts;

    /// <summary>Pairs of a run's first key and the key after its last one, ascending within a query.</summary>
    public int* Runs;

    /// <summary>Whether every tile's scores take the long way; a mask alone asks for it where a tile is neither empty nor full.</summary>
    public readonly bool Everywhere => Distances != null || Bias != null || TopK > 0;

    /// <summary>Whether a tile with these bits (of <see cref="MaskTiles.Bits"/>, -1 for none) takes the long way.</summary>
    public readonly bool At(int bits) => bits >= 0 || Everywhere;

    /// <summary>The sixty-four keys from <paramref name="start"/> on that the mask shows to a query.</summary>
    public readonly ulong Seen(int batch, int head, int query, int start)
    {
        if (Tiles == null)
        {
            return ulong.MaxValue;
        }

        int row = (Tiles.MapOf(batch, head) * Tiles.QueryTiles) + (query / MaskTiles.TileSize), first = Tiles.Starts[row];
        int entry = Array.BinarySearch(Tiles.KeyTiles, first, Tiles.Starts[row + 1] - first, start / MaskTiles.TileSize);
        if (entry < 0)
        {
            return 0;
        }

        return Tiles.Bits[entry] < 0 ? ulong.MaxValue : Tiles.RowBits[(Tiles.Bits[entry] * 64) + (query % 64)];
    }

    /// <summary>What is added to a score; -inf hides the key.</summary>
    internal static float Add(float score, float bias) => bias < float.MinValue ? float.NegativeInfinity : score + bias;

    /// <summary>Whether the choice keeps a score; NaN is always kept, so that it spreads.</summary>
    internal static float Choose(float score, float key, float least, float lastTie)
    {
        if (key <= lastTie)
        {
            return score < least ? float.NegativeInfinity : score;
        }

        return score > least ? score : score + float.NegativeInfinity;
    }

    internal readonly void Check(in AttentionArgs args)
    {
        if (Tiles != null && (Tiles.Queries != args.Queries || Tiles.Keys != args.KeyCapacity
            || (Tiles.BatchMaps != 1 && Tiles.BatchMaps != args.Batch) || (Tiles.HeadMaps != 1 && Tiles.HeadMaps != args.Heads)))
        {
            throw new ArgumentException(
                $"Attention: a mask of {Tiles.BatchMaps} rows, {Tiles.HeadMaps} heads, {Tiles.Queries} queries and {Tiles.Keys} keys for {args.Batch} rows, {args.Heads} heads, {args.Queries} queries and {args.KeyCapacity} keys.");
        }

        // Keys are counted in floats where ties are told apart.
        if (TopK < 0 || (TopK > 0 && args.KeyCapacity > 1 << 24))
        {
            throw new ArgumentException($"Attention: top k {TopK} of {args.KeyCapacity} keys; need 0 or more of at most {1 << 24}.");
        }
    }
}
