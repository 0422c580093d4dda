using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// The attention-free transformer's layer (AFT, Zhai et al. 2021, arXiv 2105.14103): σ(q) times an average of the values that
/// every feature weighs by its own keys, e^(k[t'] + w[t, t']). Which AFT it is, its biases decide: full with
/// <see cref="PositionBias.Dense"/> or <see cref="PositionBias.Factors"/>, local with <see cref="PositionBias.Band"/>, simple with none.
/// </summary>
/// <param name="qkv">hidden → 3·dim, rows in the order queries, keys, values.</param>
/// <param name="output">dim → hidden.</param>
/// <param name="bias">w; sequences may be as long as there are positions in it.</param>
/// <param name="causal">Whether a position sees itself and those before it alone.</param>
public sealed class AttentionFreeMixer(Linear qkv, Linear output, PositionBias bias, bool causal) : SequenceMixer(output)
{
    private readonly int _dim = qkv.OutFeatures / 3;

    /// <summary>Whether tokens can be added bit by bit: if causal.</summary>
    public override bool CanAppend => causal;

    internal override IEnumerable<(string Name, object Layer)> Layers
    {
        get
        {
            yield return ("qkv", qkv);
            yield return ("output", Output);
            if (bias.Left is not null) yield return (bias.Right is null ? "position" : "position.u", bias.Left);
            if (bias.Right is not null) yield return ("position.v", bias.Right);
        }
    }

    private protected override Tensor Inner(Tensor x)
    {
        CheckInput("AttentionFreeMixer", x, qkv.InFeatures);
        Tensor all = qkv.Forward(x); // [batch, seq, 3·dim]
        Tensor averages = Ops.AttentionFree(all.Slice(2, _dim, _dim), all.Slice(2, 2 * _dim, _dim), bias, causal);
        return all.Slice(2, 0, _dim).Sigmoid() * averages;
    }

    /// <summary>
    /// Without biases sums of the weights and the weighted values so far, 3·dim numbers per row. With biases every position weighs
    /// earlier keys anew, so they are kept: 2·positions·dim numbers per row.
    /// </summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="device">Where the layer is; the CPU if null.</param>
    /// <exception cref="NotSupportedException">The layer is not causal.</exception>
    public override MixerState CreateState(int batch, Device? device = null)
    {
        if (!CanAppend) return base.CreateState(batch, device);
        Shape keys = new(batch, bias.IsNone ? 0 : bias.Positions, _dim);
        return bias.IsNone ? new MixerState(this, device ?? Device.Cpu, batch, new Shape(batch, 3, _dim)) : new MixerState(this, device ?? Device.Cpu, batch, keys, keys);
    }

    private protected override Tensor Next(Tensor x, MixerState state)
    {
        if (!CanAppend) return base.Next(x, state);
        CheckInput("AttentionFreeMixer", x, qkv.InFeatures);
        state.Check(this, x);
        Tensor all = qkv.Forward(x);
        Tensor k = all.Slice(2, _dim, _dim), v = all.Slice(2, 2 * _dim, _dim);
        Tensor averages = bias.IsNone ? Ops.AttentionFree(k, v, state.Part(0)) : Remember(k, v, state);
        state.Advance(x.Shape[1]);
        return all.Slice(2, 0, _dim).Sigmoid() * averages;
    }

    /// <summary>Keeps keys and values, and averages over all that are kept.</summary>
    private Tensor Remember(Tensor k, Tensor v, MixerState state)
    {
        int before = (int)state.Length, after = before + k.Shape[1];
        if (after > bias.Positions)
            throw new ArgumentException($"Append: {k.Shape[1]} tokens after {before}; expected at most {bias.Positions} in all, the positions that there are biases for.", nameof(state));
        state.Part(0).Slice(1, before, k.Shape[1]).Assign(k);
        state.Part(1).Slice(1, before, k.Shape[1]).Assign(v);
        return Ops.AttentionFree(state.Part(0).Slice(1, 0, after), state.Part(1).Slice(1, 0, after), bias, before);
    }
}
