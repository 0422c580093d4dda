using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Multi-head self-attention with grouped key/value heads (Vaswani et al. 2017, arXiv 1706.03762; Ainslie et al. 2023,
/// arXiv 2305.13245). Query head h uses key/value head ⌊h·kvHeads/heads⌋.
/// </summary>
/// <param name="qkv">hidden → (heads + 2·kvHeads)·headDim, rows in the order queries, keys, values.</param>
/// <param name="output">heads·headDim → hidden; applied by the block, which adds it to its residual.</param>
/// <param name="kvHeads">The number of key/value heads; divides the number of heads.</param>
/// <param name="headDim">The size of a head.</param>
/// <param name="options">Scale, soft-cap and window of the scores.</param>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed class SelfAttention(Linear qkv, Linear output, int kvHeads, int headDim, AttentionOptions options) : SequenceMixer(output)
{
    private readonly int _heads = qkv.OutFeatures / headDim - 2 * kvHeads;

    /// <summary>The layer that makes queries, keys and values.</summary>
    public Linear Qkv { get; } = qkv;

    /// <summary>Rotary positions of queries and keys, or null.</summary>
    public RotaryPositions? Rotary { get; init; }

    /// <summary>Biases of the scores by distance, or null.</summary>
    public DistanceBiases? Distances { get; init; }

    /// <summary>How many keys a query keeps, those of the greatest scores; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Normalises each query head before it turns (Qwen 3), or null.</summary>
    public Norm? QueryNorm { get; init; }

    /// <summary>Normalises each key head before it turns (Qwen 3), or null.</summary>
    public Norm? KeyNorm { get; init; }

    internal override IEnumerable<(string Name, object Layer)> Layers
    {
        get
        {
            yield return ("qkv", Qkv);
            if (QueryNorm is not null) yield return ("query_norm", QueryNorm);
            if (KeyNorm is not null) yield return ("key_norm", KeyNorm);
            yield return ("output", Output);
        }
    }

    /// <summary>Rows of tokens at the positions 0, 1, 2, …, that see what is before them.</summary>
    private protected override Tensor Inner(Tensor x)
    {
        int[] positions = new int[x.Shape[0] * x.Shape[1]];
        for (int i = 0; i < positions.Length; i++) positions[i] = i % x.Shape[1];
        return Inner(x, new ForwardPass(new OwnRows(x.Shape[0], positions, default, dropout: 0, seed: null)), layer: 0);
    }

    /// <summary>The heads' outputs side by side, [batch, seq, heads·headDim].</summary>
    internal override Tensor Inner(Tensor x, in ForwardPass pass, int layer)
    {
        Tensor all = Qkv.Forward(x, pass.Rows?.AdapterSeed(layer, DropoutPlace.QkvAdapter)); // [batch, seq, (heads + 2·kvHeads)·headDim]
        HeadRange q = new(all, 0, _heads, headDim), k = new(all, _heads, kvHeads, headDim);
        HeadRange v = new(all, _heads + kvHeads, kvHeads, headDim);
        if (QueryNorm is not null) q = new HeadRange(QueryNorm.Forward(q.View(), pass.IsTraining));
        if (KeyNorm is not null) k = new HeadRange(KeyNorm.Forward(k.View(), pass.IsTraining));
        if (Rotary is not null)
        {
            // In the fused rows queries and keys lie side by side, and turn in one sweep.
            bool fused = ReferenceEquals(q.Rows, k.Rows);
            Rotary.Apply(fused ? q with { Count = _heads + kvHeads } : q, pass.Positions, pass.Length);
            if (!fused) Rotary.Apply(k, pass.Positions, pass.Length);
        }
        if (pass.Rows is { } rows) return WithinRows(q, k, v, rows, layer);
        (Tensor keys, Tensor values, KvSlots slots) = pass.Cache!.Layer(layer);
        return Ops.Attention(q, k, v, pass.Positions, keys, values, slots, options, Modifiers(Distances?.Before(pass.Length))); // [batch, seq, heads·headDim]
    }

    private Tensor WithinRows(in HeadRange q, in HeadRange k, in HeadRange v, OwnRows rows, int layer)
    {
        AttentionDropout dropout = new(rows.Dropout, rows.SeedOf(layer, DropoutPlace.Probabilities));
        AttentionModifiers? modifiers = Modifiers(Distances?.Between(q.Seq));
        (int[] limits, int[] firsts, AttentionOptions rest) = rows.Sight(options);
        if (rows.Observer is null) return Ops.Attention(q, k, v, limits, firsts, rest, dropout, modifiers);
        AttentionResult result = Ops.AttentionWithWeights(q, k, v, limits, firsts, rest, dropout, modifiers);
        rows.Observer(layer, result);
        return result.Output.Reshape(new Shape(q.Batch, q.Seq, q.Count * v.Dim));
    }

    private AttentionModifiers? Modifiers(Tensor? distances) => distances is null && TopK == 0 ? null : new AttentionModifiers { Distances = distances, TopK = TopK };
}
