using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Attention within blocks (Liu et al. 2018, arXiv 1801.10198): a token sees those of its own block, in a causal model those up to
/// itself. Blocks begin with each row or document; the last one may be short.
/// </summary>
public sealed class LocalPattern : AttentionPattern
{
    /// <summary>Makes the pattern.</summary>
    /// <param name="block">Tokens in a block, 1 or more.</param>
    /// <exception cref="ArgumentException">It is too small.</exception>
    public LocalPattern(int block) => Mask = AttentionMask.BlockSparse(block, window: 1, global: 0, random: 0);

    /// <inheritdoc/>
    public override AttentionMask Mask { get; }
}
