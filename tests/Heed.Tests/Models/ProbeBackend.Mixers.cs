using Heed.Tensors;

namespace Heed.Tests.Models;

/// <content>Mixers other than attention.</content>
internal sealed partial class ProbeBackend
{
    public void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor norms) =>
        _cpu.AttentionFree(k, v, bias, causal, positions, state, destination, norms);

    public void AttentionFreeBackward(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor average, Tensor norms, Tensor gradient,
        Tensor dk, Tensor dv, in PositionBias dBias) =>
        _cpu.AttentionFreeBackward(k, v, bias, causal, average, norms, gradient, dk, dv, dBias);

    public void CausalConvolution(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> positions, Tensor? state, Tensor destination) =>
        _cpu.CausalConvolution(x, weight, bias, positions, state, destination);

    public void CausalConvolutionBackward(Tensor x, Tensor weight, Tensor gradient, Tensor dx, Tensor dWeight, Tensor? dBias) =>
        _cpu.CausalConvolutionBackward(x, weight, gradient, dx, dWeight, dBias);

    public void SelectiveScan(in SelectiveScanInputs inputs, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor? checkpoints) =>
        _cpu.SelectiveScan(inputs, positions, state, destination, checkpoints);

    public void SelectiveScanBackward(in SelectiveScanInputs inputs, Tensor checkpoints, Tensor gradient, in SelectiveScanInputs gradients) =>
        _cpu.SelectiveScanBackward(inputs, checkpoints, gradient, gradients);
}
