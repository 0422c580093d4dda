using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Self-attention in which every query of every head reads one token, or one chunk of tokens, instead of a mean of all (Xu et
/// al. 2015, arXiv 1502.03044). <see cref="SequenceMixer.Forward"/> takes the most probable one, the first of equals; training samples.
/// Its gradients are those of soft attention.
/// </summary>
/// <param name="qkv">hidden → 3·heads·headDim, rows in the order queries, keys, values.</param>
/// <param name="output">heads·headDim → hidden.</param>
/// <param name="heads">The number of heads.</param>
/// <param name="causal">Whether a position sees itself and those before it alone.</param>
/// <param name="chunk">The number of tokens that are chosen together.</param>
public sealed class HardAttention(Linear qkv, Linear output, int heads, bool causal, int chunk = 1) : SequenceMixer(output)
{
    // Tokens that there is room for in a new state.
    internal const int FirstCapacity = 64;

    /// <summary>The outputs of sampled choices, with what is needed to learn from them.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="seed">Which draw; another one for every layer and step.</param>
    /// <param name="gradient">How gradients pass the choices.</param>
    public HardAttentionResult Sample(Tensor x, ulong seed, HardAttentionGradient gradient = HardAttentionGradient.StraightThrough)
    {
        HardAttentionResult result = Choose(x, seed, gradient);
        return result with { Output = Output.Forward(result.Output) };
    }

    /// <summary>Whether tokens can be added bit by bit: if causal.</summary>
    public override bool CanAppend => causal;

    /// <summary>Keys and values of all tokens so far: 2·heads·headDim numbers per row and token, in memory that doubles when it is full.</summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="device">Where the layer is; the CPU if null.</param>
    /// <exception cref="NotSupportedException">The layer is not causal.</exception>
    public override MixerState CreateState(int batch, Device? device = null)
    {
        if (!CanAppend) return base.CreateState(batch, device);
        Shape keys = new(batch, FirstCapacity, qkv.OutFeatures / 3);
        return new MixerState(this, device ?? Device.Cpu, batch, keys, keys);
    }

    internal override IEnumerable<(string Name, object Layer)> Layers => [("qkv", qkv), ("output", Output)];

    internal override Tensor Inner(Tensor x, in ForwardPass pass, int layer)
    {
        if (pass.Rows is not { IsTraining: true } rows) return base.Inner(x, pass, layer);
        ulong seed = rows.SeedOf(layer, DropoutPlace.Probabilities);
        return rows.Documents.Apply(x, Output.InFeatures, documents =>
            Choose(documents, DropoutStream.From(seed, (long)rows.FirstRow * heads * documents.Shape[1]), HardAttentionGradient.StraightThrough).Output);
    }

    private protected override Tensor Inner(Tensor x) => Choose(x, seed: null, HardAttentionGradient.StraightThrough).Output;

    private protected override Tensor NextOfRow(Tensor x, MixerState state, int row, int before)
    {
        CheckInput("HardAttention", x, qkv.InFeatures);
        int seq = x.Shape[1], after = before + seq, dim = qkv.OutFeatures / 3, headDim = dim / heads;
        Tensor all = qkv.Forward(x); // [1, seq, 3·dim]
        state.Grow(after);
        Tensor keys = state.Part(0).Slice(0, row, 1), values = state.Part(1).Slice(0, row, 1);
        keys.Slice(1, before, seq).Assign(all.Slice(2, dim, dim));
        values.Slice(1, before, seq).Assign(all.Slice(2, 2 * dim, dim));
        Tensor q = all.Slice(2, 0, dim).Reshape(1, seq, heads, headDim);
        Tensor k = keys.Slice(1, 0, after).Reshape(1, after, heads, headDim), v = values.Slice(1, 0, after).Reshape(1, after, heads, headDim);
        return Ops.HardAttention(q, k, v, 1 / MathF.Sqrt(headDim), causal: true, chunk).Output.Reshape(1, seq, dim);
    }

    /// <summary>The outputs before <see cref="SequenceMixer.Output"/>.</summary>
    private HardAttentionResult Choose(Tensor x, ulong? seed, HardAttentionGradient gradient)
    {
        CheckInput("HardAttention", x, qkv.InFeatures);
        int batch = x.Shape[0], seq = x.Shape[1], dim = qkv.OutFeatures / 3, headDim = dim / heads;
        Tensor all = qkv.Forward(x); // [batch, seq, 3·dim]
        Tensor q = all.Slice(2, 0, dim).Reshape(batch, seq, heads, headDim), k = all.Slice(2, dim, dim).Reshape(batch, seq, heads, headDim);
        Tensor v = all.Slice(2, 2 * dim, dim).Reshape(batch, seq, heads, headDim);
        HardAttentionResult result = Ops.HardAttention(q, k, v, 1 / MathF.Sqrt(headDim), causal, chunk, seed, gradient);
        return result with { Output = result.Output.Reshape(batch, seq, dim) };
    }
}
