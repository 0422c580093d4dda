using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Which of the keys in its row or document a query of <see cref="SelfAttention"/> sees, by their places in it; in a causal model
/// only those up to its own.
/// </summary>
public abstract class AttentionPattern
{
    /// <summary>What queries see of one whole sequence. The keys after a query's own are never looked at in a causal model, so that the mask need not hide them.</summary>
    public abstract AttentionMask Mask { get; }

    /// <summary>The projections of global tokens that have their own, or null.</summary>
    internal virtual GlobalProjections? Globals => null;
}
