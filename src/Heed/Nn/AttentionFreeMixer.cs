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
public sealed class AttentionFreeMixer(Linear qkv, Linear output, PositionBias bias, bool causal) : SequenceMixer
{
    private readonly int _dim = qkv.OutFeatures / 3;

    /// <summary>Whether tokens can be added bit by bit: causal and without biases.</summary>
    public override bool CanAppend => causal && bias.IsNone;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x)
    {
        CheckInput("AttentionFreeMixer", x, qkv.InFeatures);
        Tensor all = qkv.Forward(x); // [batch, seq, 3·dim]
        Tensor averages = Ops.AttentionFree(all.Slice(2, _dim, _dim), all.Slice(2, 2 * _dim, _dim), bias, causal);
        return output.Forward(all.Slice(2, 0, _dim).Sigmoid() * averages);
    }

    /// <summary>Sums of the weights and the weighted values so far: 3·dim numbers per row.</summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="device">Where the layer is; the CPU if null.</param>
    /// <exception cref="NotSupportedException">The layer is not causal, or has biases.</exception>
    public override MixerState CreateState(int batch, Device? device = null) =>
        CanAppend ? new MixerState(this, device ?? Device.Cpu, batch, new Shape(batch, 3, _dim)) : base.CreateState(batch, device);

    /// <inheritdoc/>
    public override Tensor Append(Tensor x, MixerState state)
    {
        if (!CanAppend) return base.Append(x, state);
        CheckInput("AttentionFreeMixer", x, qkv.InFeatures);
        state.Check(this, x);
        Tensor all = qkv.Forward(x);
        Tensor averages = Ops.AttentionFree(all.Slice(2, _dim, _dim), all.Slice(2, 2 * _dim, _dim), state.Part(0));
        state.Advance(x.Shape[1]);
        return output.Forward(all.Slice(2, 0, _dim).Sigmoid() * averages);
    }

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters(string name)
    {
        foreach (Parameter parameter in qkv.Parameters($"{name}.qkv")) yield return parameter;
        foreach (Parameter parameter in output.Parameters($"{name}.output")) yield return parameter;
        if (bias.Left is not null) yield return new Parameter(bias.Right is null ? $"{name}.position" : $"{name}.position.u", bias.Left);
        if (bias.Right is not null) yield return new Parameter($"{name}.position.v", bias.Right);
    }
}
