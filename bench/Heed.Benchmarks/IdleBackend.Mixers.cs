using Heed.Tensors;

namespace Heed.Benchmarks;

/// <content>Mixers that do nothing.</content>
internal partial class IdleBackend
{
    public void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor norms) { }

    public void AttentionFreeBackward(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor average, Tensor norms, Tensor gradient,
        Tensor dk, Tensor dv, in PositionBias dBias)
    {
    }

    public void CausalConvolution(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> positions, Tensor? state, Tensor destination) { }

    public void CausalConvolutionBackward(Tensor x, Tensor weight, Tensor gradient, Tensor dx, Tensor dWeight, Tensor? dBias) { }

    public void SelectiveScan(in SelectiveScanInputs inputs, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor? checkpoints) { }

    public void SelectiveScanBackward(in SelectiveScanInputs inputs, Tensor checkpoints, Tensor gradient, in SelectiveScanInputs gradients) { }
}
