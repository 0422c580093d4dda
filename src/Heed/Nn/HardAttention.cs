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
    /// <summary>The outputs of sampled choices, with what is needed to learn from them.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="seed">Which draw; another one for every layer and step.</param>
    /// <param name="gradient">How gradients pass the choices.</param>
    public HardAttentionResult Sample(Tensor x, ulong seed, HardAttentionGradient gradient = HardAttentionGradient.StraightThrough)
    {
        HardAttentionResult result = Choose(x, seed, gradient);
        return result with { Output = Output.Forward(result.Output) };
    }

    internal override IEnumerable<(string Name, object Layer)> Layers => [("qkv", qkv), ("output", Output)];

    internal override Tensor Inner(Tensor x, in ForwardPass pass, int layer)
    {
        if (pass.Rows is not { IsTraining: true } rows) return base.Inner(x, pass, layer);
        ulong seed = rows.SeedOf(layer, DropoutPlace.Probabilities);
        return rows.Documents.Apply(x, Output.InFeatures, documents => Choose(documents, seed, HardAttentionGradient.StraightThrough).Output);
    }

    private protected override Tensor Inner(Tensor x) => Choose(x, seed: null, HardAttentionGradient.StraightThrough).Output;

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
