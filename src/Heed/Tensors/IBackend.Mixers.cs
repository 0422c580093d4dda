namespace Heed.Tensors;

/// <content>
/// Mixing of positions by other means than softmax attention. All tensors are contiguous; gradients are overwritten unless
/// it says otherwise.
/// </content>
internal partial interface IBackend
{
    /// <summary>
    /// destination[b, t, i] = Σ e^(k[b, t', i] + w[t, t'])·v[b, t', i] / Σ e^(k[b, t', i] + w[t, t']) over all t', or those up to t
    /// if <paramref name="causal"/>. Without biases and not causal all positions are one, destination [batch, 1, dim]. With biases
    /// that are no band the destination may have fewer rows than k: those of the last positions.
    /// </summary>
    /// <param name="k">[batch, seq, dim].</param>
    /// <param name="v">[batch, seq, dim].</param>
    /// <param name="bias">w.</param>
    /// <param name="causal">Whether a position sees those up to itself alone.</param>
    /// <param name="positions">[batch, seq], where there is a state: where each token stands, −1 for padding, which nobody sees and which gets zeros. Empty where there is no state.</param>
    /// <param name="state">For causal mixing without biases, or with a band, [batch, 3 + 2·kept, dim]: a bound of the keys of earlier calls, Σ e^(k − bound)·v and Σ e^(k − bound), and for a band the last keys, as many as it reaches back, and their values, which the sums leave out; zeros to begin with; overwritten with those after this call. Null for none.</param>
    /// <param name="destination">[batch, rows, dim].</param>
    /// <param name="norms">[batch, rows, 2, dim]: a bound of k + w and Σ e^(k + w − bound).</param>
    void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor norms);

    /// <summary>
    /// The gradients of <see cref="AttentionFree"/> without a state, with its result and its norms. Those of the biases are
    /// added to, and may be left out.
    /// </summary>
    void AttentionFreeBackward(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor average, Tensor norms, Tensor gradient,
        Tensor dk, Tensor dv, in PositionBias dBias);

    /// <summary>destination[b, t, c] = bias[c] + Σ weight[j, c]·x[b, t − width + 1 + j, c] over the width's taps j.</summary>
    /// <param name="x">[batch, seq, channels].</param>
    /// <param name="weight">[width, channels].</param>
    /// <param name="bias">[channels], or null.</param>
    /// <param name="positions">[batch, seq], where there is a state: −1 for padding, which nobody sees and which gets zeros; empty for none.</param>
    /// <param name="state">[batch, width − 1, channels]: what came before x; overwritten with the last of all. Null for zeros.</param>
    /// <param name="destination">[batch, seq, channels].</param>
    void CausalConvolution(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> positions, Tensor? state, Tensor destination);

    /// <summary>The gradients of <see cref="CausalConvolution"/> without a state. dWeight and dBias are added to.</summary>
    void CausalConvolutionBackward(Tensor x, Tensor weight, Tensor gradient, Tensor dx, Tensor dWeight, Tensor? dBias);

    /// <summary>
    /// Mamba's scan, h[t] = e^(Δ·A)·h[t − 1] + Δ·B[t]·x[t] and destination[t] = Σ C[t]·h[t] + D·x[t] with Δ = softplus(delta), for
    /// each channel and its states.
    /// </summary>
    /// <param name="inputs">What is scanned.</param>
    /// <param name="positions">[batch, seq], where there is a state: −1 for padding, which changes no state and gets zeros; empty for none.</param>
    /// <param name="state">h, [batch, states, channels]; overwritten with the last one. Null for zeros.</param>
    /// <param name="destination">[batch, seq, channels].</param>
    /// <param name="checkpoints">[batch, chunks, states, channels]: h before every <see cref="Kernels.SelectiveScanShape.Chunk"/>th step, for the backward pass. Null if there is none.</param>
    void SelectiveScan(in SelectiveScanInputs inputs, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor? checkpoints);

    /// <summary>The gradients of <see cref="SelectiveScan"/> without a state, for each of the inputs.</summary>
    void SelectiveScanBackward(in SelectiveScanInputs inputs, Tensor checkpoints, Tensor gradient, in SelectiveScanInputs gradients);
}
