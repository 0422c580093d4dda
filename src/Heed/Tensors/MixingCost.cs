using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>What a mixing costs by counting, forward and backward.</summary>
/// <param name="MultiplyAdds">Of its products and sums.</param>
/// <param name="Bytes">Of the tensors that are there at once at most: results, gradients, and what is kept between the passes.</param>
internal readonly record struct MixingCost(long MultiplyAdds, long Bytes)
{
    /// <summary>The cost of a kind.</summary>
    public static MixingCost Of(MixingKind kind, long tokens, long heads, long headDim)
    {
        long dim = heads * headDim, square = tokens * tokens, kvDim = kind == MixingKind.MultiQuery ? headDim : kind == MixingKind.GroupedQuery ? dim / MixingCase.Group : dim;
        // The result and the gradients of q, k and v; attention keeps a logarithm for each row.
        long plain = tokens * (2 * dim + 2 * kvDim), rows = tokens * heads;
        (long adds, long floats) = kind switch
        {
            // Choices from scores, a block of queries at a time, and soft attention for the gradient.
            MixingKind.Hard => (9 * square * dim, plain + tokens * dim + 2 * rows + 7 * heads * Math.Min(HardAttentionBlocks.Rows, tokens) * tokens),
            // The scores are computed twice forward.
            MixingKind.TopK => (8 * square * dim, plain + 3 * rows),
            MixingKind.Linformer => (6 * MixingCase.Projected * tokens * dim + 7 * MixingCase.Projected * tokens * dim,
                plain + rows + 2 * MixingCase.Projected * (tokens + 2 * dim)),
            MixingKind.AftFull => (8 * square * dim + 3 * square * MixingCase.Factors, plain + 5 * tokens * dim + 2 * tokens * MixingCase.Factors),
            // Two products a pair of the window forward and four backward; the sums beside it take twenty a token.
            MixingKind.AftLocal => (6 * tokens * Math.Min(tokens, 2 * MixingCase.Band - 1) * dim + 20 * tokens * dim, plain + 5 * tokens * dim + tokens * (2 * MixingCase.Band - 1)),
            MixingKind.AftSimple => (10 * tokens * dim, plain + 2 * tokens * dim),
            MixingKind.Mamba => (12 * tokens * dim * MixingCase.States, plain + tokens * (2 * MixingCase.States + dim * MixingCase.States / SelectiveScanShape.Chunk)),
            _ => (7 * Pairs(kind, (int)tokens) * dim, plain + rows),
        };
        return new MixingCost(adds, sizeof(float) * floats);
    }

    /// <summary>How the time grows with the length where that is long: tokens to this power.</summary>
    public static int PowerOf(MixingKind kind) =>
        kind is MixingKind.Local or MixingKind.Sliding or MixingKind.Longformer or MixingKind.BigBird or MixingKind.Linformer or MixingKind.AftLocal or MixingKind.AftSimple or MixingKind.Mamba ? 1 : 2;

    private static long Pairs(MixingKind kind, int tokens) => MixingCase.MaskOf(kind, tokens)?.Compile(1, 1, tokens, tokens).CountPairs(tokens) ?? (long)tokens * tokens;
}
