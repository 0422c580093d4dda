namespace Heed.Tensors;

/// <summary>How gradients pass a choice that has none.</summary>
public enum HardAttentionGradient
{
    /// <summary>As if the output were the softmax-weighted mean of all values (Bengio et al. 2013, arXiv 1308.3432): biased, with little noise.</summary>
    StraightThrough,

    /// <summary>
    /// Through what was chosen alone; the choice itself learns by <see cref="Ops.Reinforce"/> (Williams 1992). Together they are the
    /// gradient of the expectation, without bias.
    /// </summary>
    Reinforce,
}
