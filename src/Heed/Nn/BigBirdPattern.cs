using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// BigBird's attention (Zaheer et al. 2020, arXiv 2007.14062): blocks of tokens see the window of blocks around them, the first
/// blocks, which see all, and some blocks that a seed draws. In a causal model all of them are earlier ones.
/// </summary>
public sealed class BigBirdPattern : AttentionPattern
{
    /// <summary>Makes the pattern.</summary>
    /// <param name="block">Tokens in a block.</param>
    /// <param name="window">Blocks in the window, the query's own and as many on either side: an odd number.</param>
    /// <param name="global">Global blocks.</param>
    /// <param name="random">Blocks drawn for each query block.</param>
    /// <param name="seed">What they are drawn from.</param>
    /// <exception cref="ArgumentException">A number is too small, or the window even.</exception>
    public BigBirdPattern(int block = 64, int window = 3, int global = 2, int random = 3, int seed = 0) => Mask = AttentionMask.BlockSparse(block, window, global, random, seed);

    /// <inheritdoc/>
    public override AttentionMask Mask { get; }
}
