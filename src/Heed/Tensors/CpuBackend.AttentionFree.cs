using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Attention-free mixing.</content>
internal sealed partial class CpuBackend
{
    public void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor norms)
    {
        AttentionFreeShape shape = new(k.Shape[0], k.Shape[1], k.Shape[2], causal);
        Span<float> target = Elements(destination), sums = Elements(norms), past = state is null ? default : Elements(state);
        PositionBiasRows rows = RowsOf(bias);
        if (bias.IsNone) AttentionFreeScan.Forward(_pool, shape, Elements(k), Elements(v), positions, past, target, sums);
        else if (rows.IsBand) AttentionFreeBand.Forward(_pool, shape, Elements(k), Elements(v), rows, positions, past, target, sums);
        else AttentionFreeTile.Forward(_pool, shape, Elements(k), Elements(v), rows, shape.Seq - destination.Shape[1], target, sums);
    }

    public void AttentionFreeBackward(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor average, Tensor norms, Tensor gradient,
        Tensor dk, Tensor dv, in PositionBias dBias)
    {
        AttentionFreeShape shape = new(k.Shape[0], k.Shape[1], k.Shape[2], causal);
        PositionBiasRows rows = RowsOf(bias);
        if (bias.IsNone)
            AttentionFreeScan.Backward(_pool, shape, Elements(k), Elements(v), Elements(average), Elements(norms), Elements(gradient), Elements(dk), Elements(dv));
        else if (rows.IsBand)
            AttentionFreeBand.Backward(_pool, shape, Elements(k), Elements(v), rows, Elements(average), Elements(norms), Elements(gradient),
                Elements(dk), Elements(dv), RowsOf(dBias).Left);
        else
            AttentionFreeTile.Backward(_pool, shape, Elements(k), Elements(v), rows, Elements(average), Elements(norms), Elements(gradient),
                Elements(dk), Elements(dv), RowsOf(dBias));
    }

    private static PositionBiasRows RowsOf(in PositionBias bias) => new()
    {
        Left = bias.Left is null ? default : Elements(bias.Left),
        Stride = bias.Left?.Shape[1] ?? 0,
        Right = bias.Right is null ? default : Elements(bias.Right),
        Rank = bias.Right?.Shape[1] ?? 0,
        Window = bias.Window,
    };

    private static Span<float> Elements(Tensor x) => x.Span<float>(x.ElementCount);
}
