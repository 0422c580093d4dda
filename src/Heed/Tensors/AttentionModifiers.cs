using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// What changes the scores of attention over rows beside scale and soft-cap, in this order, or (without mask and choice) where
/// the gradients of it go. All tensors are contiguous; null is none.
/// </summary>
internal sealed record AttentionModifiers
{
    /// <summary>What the queries see between their first and last key.</summary>
    public MaskTiles? Tiles { get; init; }

    /// <summary>[heads, queries + keys − 1]: element j − i + queries − 1 is added to the score of query i and key j.</summary>
    public Tensor? Distances { get; init; }

    /// <summary>[batch or 1, heads or 1, queries or 1, keys], added to the scores; −∞ hides the key.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>[heads]: one more logit in every row's denominator.</summary>
    public Tensor? Sinks { get; init; }

    /// <summary>How many keys a query keeps, those of the greatest scores; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Over stored keys in place of <see cref="Tiles"/>: what the queries see of them; null for everything in their intervals.</summary>
    public KeyRuns? Runs { get; init; }

    /// <summary>[2, batch, heads, queries] where TopK is above 0: what the forward pass tells the others about the keys that it kept.</summary>
    public Tensor? Choice { get; init; }
}
