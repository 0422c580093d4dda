using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Self-attention in which every query of every head reads one token, or one chunk of tokens, instead of a mean of all (Xu et
/// al. 2015, arXiv 1502.03044). <see cref="Forward"/> takes the most probable one; training samples.
/// </summary>
/// <param name="qkv">hidden → 3·heads·headDim, rows in the order queries, keys, values.</param>
/// <param name="output">heads·headDim → hidden.</param>
/// <param name="heads">The number of heads.</param>
/// <param name="causal">Whether a position sees itself and those before it alone.</param>
/// <param name="chunk">The number of tokens that are chosen together.</param>
public sealed class HardAttention(Linear qkv, Linear output, int heads, bool causal, int chunk = 1) : SequenceMixer
{
    /// <summary>The outputs of the most probable choices, the first of equals; gradients are those of soft attention.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    public override Tensor Forward(Tensor x) => Run(x, seed: null, HardAttentionGradient.StraightThrough).Output;

    /// <summary>The outputs of sampled choices, with what is needed to learn from them.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="seed">Which draw; another one for every layer and step.</param>
    /// <param name="gradient">How gradients pass the choices.</param>
    public HardAttentionResult Sample(Tensor x, ulong seed, HardAttentionGradient gradient = HardAttentionGradient.StraightThrough) => Run(x, seed, gradient);

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters(string name) => qkv.Parameters($"{name}.qkv").Concat(output.Parameters($"{name}.output"));

    private HardAttentionResult Run(Tensor x, ulong? seed, HardAttentionGradient gradient)
    {
        CheckInput("HardAttention", x, qkv.InFeatures);
        int batch = x.Shape[0], seq = x.Shape[1], dim = qkv.OutFeatures / 3, headDim = dim / heads;
        Tensor all = qkv.Forward(x); // [batch, seq, 3·dim]
        Tensor q = all.Slice(2, 0, dim).Reshape(batch, seq, heads, headDim), k = all.Slice(2, dim, dim).Reshape(batch, seq, heads, headDim);
        Tensor v = all.Slice(2, 2 * dim, dim).Reshape(batch, seq, heads, headDim);
        HardAttentionResult result = Ops.HardAttention(q, k, v, 1 / MathF.Sqrt(headDim), causal, chunk, seed, gradient);
        return result with { Output = output.Forward(result.Output.Reshape(batch, seq, dim)) };
    }
}
