namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// The averages of attention-free mixing, Σ e^(k[t'] + w[t, t'])·v[t'] / Σ e^(k[t'] + w[t, t']), feature by feature (Zhai et al.
    /// 2021, arXiv 2105.14103). Memory is linear in seq; so is time without biases, and with a band, where it is seq·window·dim. With other
    /// biases time is seq²·dim.
    /// </summary>
    /// <param name="k">[batch, seq, dim].</param>
    /// <param name="v">[batch, seq, dim].</param>
    /// <param name="bias">w, for seq positions or more.</param>
    /// <param name="causal">Whether a position sees itself and those before it alone.</param>
    /// <returns>[batch, seq, dim]; [batch, 1, dim] without biases and not causal, where all positions have the same average.</returns>
    /// <exception cref="ArgumentException">Shapes or devices do not fit.</exception>
    public static Tensor AttentionFree(Tensor k, Tensor v, in PositionBias bias = default, bool causal = true)
    {
        CheckAttentionFree(k, v, bias);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor result = lease.Return(Tensor.Allocate(AverageShape(k, bias, causal), k.Device));
        Tensor keys = k.Contiguous(), values = v.Contiguous(), norms = Tensor.Allocate(new Shape(k.Shape[0], result.Shape[1], 2, k.Shape[2]), k.Device);
        PositionBias rows = bias.IsNone ? bias : bias.With(bias.Left!.Contiguous(), bias.Right?.Contiguous());
        k.Backend.AttentionFree(keys, values, rows, causal, default, null, result, norms);
        if ((GradientTape.Watching(keys, values) ?? (bias.IsNone ? null : GradientTape.Watching(rows.Left!, rows.Right))) is { } tape)
            AttentionFreeGradient(tape, keys, values, rows, causal, result, norms);
        return result;
    }

    /// <summary>Causal mixing without biases, or with a band, that goes on from earlier calls: exactly what one call over all positions gives.</summary>
    /// <param name="k">[batch, seq, dim].</param>
    /// <param name="v">[batch, seq, dim].</param>
    /// <param name="bias">None, or a band.</param>
    /// <param name="positions">[batch, seq]: where each token stands in its row; −1 is padding, which gets zeros.</param>
    /// <param name="state">[batch, 3 + 2·reach, dim], zeros to begin with; overwritten.</param>
    /// <exception cref="InvalidOperationException">A gradient is wanted.</exception>
    internal static Tensor AttentionFree(Tensor k, Tensor v, in PositionBias bias, ReadOnlySpan<int> positions, Tensor state)
    {
        if (GradientTape.Watching(k, v, bias.Left) is not null) NoGradientThroughState("AttentionFree");
        CheckAttentionFree(k, v, default);
        if (state.Shape != new Shape(k.Shape[0], 3 + 2 * bias.Reach, k.Shape[2]))
            TensorErrors.WrongShape("AttentionFree", "state", state.Shape, $"[{k.Shape[0]}, {3 + 2 * bias.Reach}, {k.Shape[2]}]");
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor result = lease.Return(Tensor.Allocate(k.Shape, k.Device));
        Tensor norms = Tensor.Allocate(new Shape(k.Shape[0], k.Shape[1], 2, k.Shape[2]), k.Device);
        if (result.ElementCount > 0) k.Backend.AttentionFree(k.Contiguous(), v.Contiguous(), bias.IsNone ? bias : bias.With(bias.Left!.Contiguous(), null), causal: true, positions, state, result, norms);
        return result;
    }

    /// <summary>Causal mixing with biases that are no band, for positions <paramref name="begin"/> to the last alone: [batch, seq − begin, dim], the bits that they have among all.</summary>
    /// <exception cref="InvalidOperationException">A gradient is wanted.</exception>
    internal static Tensor AttentionFree(Tensor k, Tensor v, in PositionBias bias, int begin)
    {
        CheckAttentionFree(k, v, bias);
        if (GradientTape.Watching(k, v, bias.Left) is not null || GradientTape.Watching(k, bias.Right) is not null) NoGradientThroughState("AttentionFree");
        using TensorScope.Lease lease = TensorScope.Begin();
        int batch = k.Shape[0], rows = k.Shape[1] - begin, dim = k.Shape[2];
        Tensor result = lease.Return(Tensor.Allocate(new Shape(batch, rows, dim), k.Device)), norms = Tensor.Allocate(new Shape(batch, rows, 2, dim), k.Device);
        k.Backend.AttentionFree(k.Contiguous(), v.Contiguous(), bias.With(bias.Left!.Contiguous(), bias.Right?.Contiguous()), causal: true, default, null, result, norms);
        return result;
    }

    private static void AttentionFreeGradient(GradientTape tape, Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor result, Tensor norms)
    {
        GradientNode? toK = k.Node, toV = v.Node, toLeft = bias.Left?.Node, toRight = bias.Right?.Node;
        SavedTensor keys = tape.Save(k, "AttentionFree"), values = tape.Save(v, "AttentionFree");
        SavedTensor average = tape.Save(result, "AttentionFree"), sums = tape.Save(norms, "AttentionFree");
        SavedTensor? left = bias.Left is null ? null : tape.Save(bias.Left, "AttentionFree"), right = bias.Right is null ? null : tape.Save(bias.Right, "AttentionFree");
        PositionBias kind = bias;
        tape.Record(result, gradient =>
        {
            Tensor dk = Tensor.Allocate(keys.Value.Shape, gradient.Device), dv = Tensor.Allocate(keys.Value.Shape, gradient.Device);
            Tensor? dLeft = toLeft is null ? null : Tensor.Zeros(toLeft.Shape, gradient.Device), dRight = toRight is null ? null : Tensor.Zeros(toRight.Shape, gradient.Device);
            gradient.Backend.AttentionFreeBackward(keys.Value, values.Value, left is null ? kind : kind.With(left.Value, right?.Value), causal,
                average.Value, sums.Value, gradient.Contiguous(), dk, dv, kind.With(dLeft, dRight));
            toK?.Add(dk);
            toV?.Add(dv);
            toLeft?.Add(dLeft!);
            toRight?.Add(dRight!);
        });
    }

    private static Shape AverageShape(Tensor k, in PositionBias bias, bool causal) =>
        new(k.Shape[0], bias.IsNone && !causal ? 1 : k.Shape[1], k.Shape[2]);

    private static void CheckAttentionFree(Tensor k, Tensor v, in PositionBias bias)
    {
        if (k.Rank != 3 || k.Shape[1] == 0) TensorErrors.WrongShape("AttentionFree", "k", k.Shape, "[batch, seq, dim] with a seq of 1 or more");
        if (v.Shape != k.Shape) TensorErrors.WrongShape("AttentionFree", "v", v.Shape, $"{k.Shape}, as k");
        if (bias.Positions < k.Shape[1])
            TensorErrors.WrongShape("AttentionFree", "k", k.Shape, $"a seq of at most {bias.Positions}, the positions that there are biases for");
        SameDevice("AttentionFree", k, v);
        if (bias.Left is not null) SameDevice("AttentionFree", k, bias.Left);
        if (bias.Right is not null) SameDevice("AttentionFree", k, bias.Right);
    }
}
