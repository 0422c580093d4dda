namespace Heed.Kernels;

/// <summary>
/// What attention costs by counting, every query seeing every key: multiply-adds of the matrix products, and bytes between a
/// fast memory that holds one tile (or, in the standard form, the operands of one product) and what lies behind it.
/// </summary>
/// <param name="MultiplyAdds">Of the products q·kᵀ, P·v and, backward, of those for P, dP, dv, dk and dq.</param>
/// <param name="Bytes">Read and written, four per float.</param>
internal readonly record struct AttentionCost(long MultiplyAdds, long Bytes)
{
    public static AttentionCost operator +(AttentionCost a, AttentionCost b) => new(a.MultiplyAdds + b.MultiplyAdds, a.Bytes + b.Bytes);

    /// <summary>S = q·kᵀ and P·v, where S and P are written out and read back.</summary>
    public static AttentionCost StandardForward(long heads, long queries, long keys, long headDim, long valueDim)
        => Of(heads, queries * keys * (headDim + valueDim), (4 * queries * keys) + ((queries + keys) * (headDim + valueDim)));

    /// <summary>dv from P, dP from v, dS from P and dP, then dq and dk from dS: four products and seven passes over a square.</summary>
    public static AttentionCost StandardBackward(long heads, long queries, long keys, long headDim, long valueDim)
        => Of(heads, 2 * queries * keys * (headDim + valueDim), (7 * queries * keys) + (2 * (queries + keys) * (headDim + valueDim)));

    /// <summary>Every tile of queries reads all keys and values once.</summary>
    public static AttentionCost TiledForward(long heads, long queries, long keys, long headDim, long valueDim, long tile)
        => SparseForward(heads, queries * keys, queries, headDim, valueDim, Tiles(queries, tile) * keys);

    /// <summary>Tiles of queries read the keys and values that they see, keyRows in all.</summary>
    public static AttentionCost SparseForward(long heads, long pairs, long queries, long headDim, long valueDim, long keyRows)
        => Of(heads, pairs * (headDim + valueDim), (keyRows + queries) * (headDim + valueDim));

    /// <summary>
    /// Five products: the scores are computed again. Every tile of keys reads q and dO twice, in both layouts, and reads and
    /// writes dq; once per block of queries it reads k twice, v once, and reads and writes its own dk and dv.
    /// </summary>
    public static AttentionCost TiledBackward(long heads, long queries, long keys, long headDim, long valueDim, long tile, long block)
        => SparseBackward(heads, queries * keys, headDim, valueDim, Tiles(keys, tile) * queries, Tiles(queries, block) * keys);

    /// <summary>The same where tiles of keys meet queryRows queries in all, and blocks of queries blockKeyRows keys.</summary>
    public static AttentionCost SparseBackward(long heads, long pairs, long headDim, long valueDim, long queryRows, long blockKeyRows)
        => Of(heads, pairs * ((3 * headDim) + (2 * valueDim)), (queryRows * ((4 * headDim) + (2 * valueDim))) + (blockKeyRows * ((4 * headDim) + (3 * valueDim))));

    private static long Tiles(long rows, long tile) => (rows + tile - 1) / tile;

    private static AttentionCost Of(long heads, long multiplyAdds, long floats) => new(heads * multiplyAdds, heads * floats * sizeof(float));
}
