using System.Diagnostics.CodeAnalysis;
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
    /// Without biases sums of the weights and the weighted values so far, 3·dim numbers per row; with a band also the keys and values
    /// of a window but the newest. With other biases every position weighs earlier keys anew, so they are kept: 2·positions·dim.
    /// </summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="device">Where the layer is; the CPU if null.</param>
    /// <exception cref="NotSupportedException">The layer is not causal.</exception>
    public override MixerState CreateState(int batch, Device? device = null)
    {
        if (!CanAppend) return base.CreateState(batch, device);
        if (HasSums) return new MixerState(this, device ?? Device.Cpu, batch, new Shape(batch, 3 + 2 * bias.Reach, _dim));
        Shape keys = new(batch, bias.Positions, _dim);
        return new MixerState(this, device ?? Device.Cpu, batch, keys, keys);
    }

    /// <summary>Whether the state is sums.</summary>
    private bool HasSums => bias.IsNone || bias.IsBand;

    private protected override Tensor Next(Tensor x, MixerState state, ReadOnlySpan<int> positions)
    {
        if (!HasSums) return base.Next(x, state, positions);
        CheckInput("AttentionFreeMixer", x, qkv.InFeatures);
        foreach (int position in positions)
            if (position >= bias.Positions) ThrowTooLong(position);
        Tensor all = qkv.Forward(x); // [batch, seq, 3·dim]
        Tensor averages = Ops.AttentionFree(all.Slice(2, _dim, _dim), all.Slice(2, 2 * _dim, _dim), bias, positions, state.Part(0));
        return all.Slice(2, 0, _dim).Sigmoid() * averages;
    }

    private protected override Tensor NextOfRow(Tensor x, MixerState state, int row, int before)
    {
        CheckInput("AttentionFreeMixer", x, qkv.InFeatures);
        Tensor all = qkv.Forward(x);
        return all.Slice(2, 0, _dim).Sigmoid() * Remember(all.Slice(2, _dim, _dim), all.Slice(2, 2 * _dim, _dim), state, row, before);
    }

    /// <summary>Keeps keys and values, and averages over all that are kept.</summary>
    private Tensor Remember(Tensor k, Tensor v, MixerState state, int row, int before)
    {
        int after = before + k.Shape[1];
        if (after > bias.Positions) ThrowTooLong(after - 1);
        Tensor keys = state.Part(0).Slice(0, row, 1), values = state.Part(1).Slice(0, row, 1);
        keys.Slice(1, before, k.Shape[1]).Assign(k);
        values.Slice(1, before, k.Shape[1]).Assign(v);
        return Ops.AttentionFree(keys.Slice(1, 0, after), values.Slice(1, 0, after), bias, before);
    }

    [DoesNotReturn]
    private void ThrowTooLong(int position) => throw new ArgumentException(
        $"Append: a token at position {position}; expected at most {bias.Positions} tokens in all, the positions that there are biases for.", nameof(position));
}
