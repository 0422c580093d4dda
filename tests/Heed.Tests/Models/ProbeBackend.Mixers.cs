using Heed.Tensors;

namespace Heed.Tests.Models;

/// <content>Mixers other than attention.</content>
internal sealed partial class ProbeBackend
{
    public void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor? state, Tensor destination, Tensor norms) =>
        _cpu.AttentionFree(k, v, bias, causal, state, destination, norms);

    public void AttentionFreeBackward(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor average, Tensor norms, Tensor gradient,
        Tensor dk, Tensor dv, in PositionBias dBias) =>
        _cpu.AttentionFreeBackward(k, v, bias, causal, average, norms, gradient, dk, dv, dBias);
}
