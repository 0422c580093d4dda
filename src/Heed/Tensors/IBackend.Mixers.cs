namespace Heed.Tensors;

/// <content>
/// Mixing of positions by other means than softmax attention. All tensors are contiguous; gradients are overwritten unless
/// it says otherwise.
/// </content>
internal partial interface IBackend
{
    /// <summary>
    /// destination[b, t, i] = Σ e^(k[b, t', i] + w[t, t'])·v[b, t', i] / Σ e^(k[b, t', i] + w[t, t']) over all t', or those up to t
    /// if <paramref name="causal"/>. Without biases and not causal all positions are one, destination [batch, 1, dim].
    /// </summary>
    /// <param name="k">[batch, seq, dim].</param>
    /// <param name="v">[batch, seq, dim].</param>
    /// <param name="bias">w.</param>
    /// <param name="causal">Whether a position sees those up to itself alone.</param>
    /// <param name="state">[batch, 3, dim], for causal mixing without biases: a bound of the keys of earlier calls, Σ e^(k − bound)·v and Σ e^(k − bound); zeros to begin with; overwritten with those after this call. Null for none.</param>
    /// <param name="destination">[batch, seq or 1, dim].</param>
    /// <param name="norms">[batch, seq or 1, 2, dim]: a bound of k + w and Σ e^(k + w − bound).</param>
    void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor? state, Tensor destination, Tensor norms);

    /// <summary>
    /// The gradients of <see cref="AttentionFree"/> without a state, with its result and its norms. Those of the biases are
    /// added to, and may be left out.
    /// </summary>
    void AttentionFreeBackward(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor average, Tensor norms, Tensor gradient,
        Tensor dk, Tensor dv, in PositionBias dBias);
}
