using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>What a mixing costs by counting.</summary>
/// <param name="Forward">Multiply-adds of the forward pass, and bytes that its attention kernels move.</param>
/// <param name="Backward">The same of the backward pass.</param>
/// <param name="Bytes">Of the tensors that are there at once at most: results, gradients, and what is kept between the passes.</param>
internal readonly record struct MixingCost(AttentionCost Forward, AttentionCost Backward, long Bytes)
{
    /// <summary>The cost of a kind.</summary>
    public static MixingCost Of(MixingKind kind, long tokens, long heads, long headDim)
    {
        long dim = heads * headDim;
        CompiledMask? mask = MixingCase.MaskOf(kind, (int)tokens)?.Compile(1, 1, (int)tokens, (int)tokens);
        long keys = kind == MixingKind.Linformer ? MixingCase.Projected : tokens, pairs = mask?.CountPairs((int)tokens) ?? tokens * keys;
        MixingTraffic traffic = mask is null ? MixingTraffic.Full(tokens, keys) : MixingTraffic.Of(mask, (int)tokens);
        AttentionCost forward = AttentionCost.SparseForward(heads, pairs, tokens, headDim, headDim, traffic.KeyRows);
        AttentionCost backward = AttentionCost.SparseBackward(heads, pairs, headDim, headDim, traffic.QueryRows, traffic.BlockKeyRows);
        (forward, backward) = kind switch
        {
            // The choices come from scores of their own, two products; the soft attention for the gradient is the kernels'.
            MixingKind.Hard => (Work(2 * pairs * dim) + forward, backward),
            // The scores are computed twice forward, from keys alone.
            MixingKind.TopK => (forward + new AttentionCost(pairs * dim, sizeof(float) * traffic.KeyRows * dim), backward),
            // The products with both projections.
            MixingKind.Linformer => (forward + Work(2 * keys * tokens * dim), backward + Work(4 * keys * tokens * dim)),
            MixingKind.AftFull => (Work(2 * pairs * dim + pairs * MixingCase.Factors), Work(6 * pairs * dim + 2 * pairs * MixingCase.Factors)),
            // Two products a pair of the window forward and four backward; the sums beside it take twenty a token.
            MixingKind.AftLocal => (Work(2 * Banded(tokens) * dim + 8 * tokens * dim), Work(4 * Banded(tokens) * dim + 12 * tokens * dim)),
            MixingKind.AftSimple => (Work(4 * tokens * dim), Work(6 * tokens * dim)),
            MixingKind.Mamba => (Work(4 * tokens * dim * MixingCase.States), Work(8 * tokens * dim * MixingCase.States)),
            _ => (forward, backward),
        };
        return new MixingCost(forward, backward, sizeof(float) * Floats(kind, tokens, heads, dim));
    }

    /// <summary>How the time grows with the length where that is long: tokens to this power.</summary>
    public static int PowerOf(MixingKind kind) =>
        kind is MixingKind.Local or MixingKind.Sliding or MixingKind.Longformer or MixingKind.BigBird or MixingKind.Linformer or MixingKind.AftLocal or MixingKind.AftSimple or MixingKind.Mamba ? 1 : 2;

    private static long Floats(MixingKind kind, long tokens, long heads, long dim)
    {
        long kvDim = kind == MixingKind.MultiQuery ? dim / heads : kind == MixingKind.GroupedQuery ? dim / MixingCase.Group : dim;
        // The result and the gradients of q, k and v; attention keeps a logarithm for each row.
        long plain = tokens * (2 * dim + 2 * kvDim), rows = tokens * heads;
        return kind switch
        {
            MixingKind.Hard => 2 * rows + HardFloats(heads * Math.Min(HardAttentionBlocks.Rows, tokens) * tokens, tokens * dim),
            MixingKind.TopK => plain + 3 * rows,
            // Gradients of what is projected are added up where they are kept, which is outside.
            MixingKind.Linformer => tokens * 2 * dim + rows + MixingCase.Projected * (tokens + 4 * dim),
            MixingKind.AftFull => plain + 5 * tokens * dim + 2 * tokens * MixingCase.Factors,
            MixingKind.AftLocal => plain + 5 * tokens * dim + tokens * (2 * MixingCase.Band - 1),
            MixingKind.AftSimple => plain + 2 * tokens * dim,
            MixingKind.Mamba => plain + tokens * (2 * MixingCase.States + dim * MixingCase.States / SelectiveScanShape.Chunk),
            _ => plain + rows,
        };
    }

    /// <summary>
    /// Six pieces as wide as the keys for a block of queries, later five as long as the inputs. What is free serves again where the
    /// sizes are the same.
    /// </summary>
    private static long HardFloats(long block, long input) => block == input ? 7 * block : 6 * block + 5 * input;

    private static long Banded(long tokens) => tokens * Math.Min(tokens, 2 * MixingCase.Band - 1);

    private static AttentionCost Work(long multiplyAdds) => new(multiplyAdds, 0);
}
