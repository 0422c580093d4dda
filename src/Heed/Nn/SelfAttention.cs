using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Multi-head self-attention with grouped key/value heads (Vaswani et al. 2017, arXiv 1706.03762; Ainslie et al. 2023,
/// arXiv 2305.13245). Query head h uses key/value head ⌊h·kvHeads/heads⌋.
/// </summary>
/// <param name="qkv">hidden → (heads + kvHeads)·headDim + kvHeads·valueDim, rows in the order queries, keys, values.</param>
/// <param name="output">heads·valueDim → hidden; applied by the block, which adds it to its residual.</param>
/// <param name="kvHeads">The number of key/value heads; divides the number of heads.</param>
/// <param name="headDim">The size of a query and of a key.</param>
/// <param name="options">Scale, soft-cap and window of the scores.</param>
/// <param name="valueDim">The size of a value; <paramref name="headDim"/> if null.</param>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed partial class SelfAttention(Linear qkv, Linear output, int kvHeads, int headDim, AttentionOptions options, int? valueDim = null) : SequenceMixer(output)
{
    private readonly int _valueDim = valueDim ?? headDim, _heads = (qkv.OutFeatures - kvHeads * (headDim + (valueDim ?? headDim))) / headDim;

    /// <summary>The layer that makes queries, keys and values.</summary>
    public Linear Qkv { get; } = qkv;

    /// <summary>Rotary positions of queries and keys, or null.</summary>
    public RotaryPositions? Rotary { get; init; }

    /// <summary>Biases of the scores by distance, or null.</summary>
    public DistanceBiases? Distances { get; init; }

    /// <summary>Which keys a query sees of those that causality and documents leave it; null for all.</summary>
    /// <exception cref="ArgumentException">The options have a window besides.</exception>
    public AttentionPattern? Pattern
    {
        get;
        init => field = value is null || options.Window == 0
            ? value
            : throw new ArgumentException($"SelfAttention: got a Pattern, and options with a Window of {options.Window}; expected one of them.", nameof(value));
    }

    /// <summary>A learned logit of each head in the softmax's denominator, [heads] (Xiao et al. 2023, arXiv 2309.17453), so that a query may look at nothing; or null.</summary>
    public Tensor? Sinks { get; init; }

    /// <summary>Whether positions also see what is after them where <see cref="SequenceMixer.Forward"/> is called; in a model the model says so.</summary>
    public bool Bidirectional { get; init; }

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
            if (Sinks is not null) yield return ("sinks", Sinks);
            if (Pattern?.Globals is { } globals)
            {
                yield return ("global_query", globals.Query);
                yield return ("global_key_value", globals.KeyValue);
            }
            yield return ("output", Output);
        }
    }

    /// <summary>Rows of tokens at the positions 0, 1, 2, …</summary>
    private protected override Tensor Inner(Tensor x)
    {
        int[] positions = new int[x.Shape[0] * x.Shape[1]];
        for (int i = 0; i < positions.Length; i++) positions[i] = i % x.Shape[1];
        return Inner(x, new ForwardPass(new OwnRows(x.Shape[0], positions, default, dropout: 0, seed: null, Bidirectional)), layer: 0);
    }

    /// <summary>The heads' outputs side by side, [batch, seq, heads·valueDim].</summary>
    internal override Tensor Inner(Tensor x, in ForwardPass pass, int layer)
    {
        Tensor all = Qkv.Forward(x, pass.Rows?.AdapterSeed(layer, DropoutPlace.QkvAdapter)); // [batch, seq, (heads + kvHeads)·headDim + kvHeads·valueDim]
        HeadRange q = new(all, 0, _heads, headDim), k = new(all, _heads, kvHeads, headDim);
        HeadRange v = new(all, 0, kvHeads, _valueDim, (_heads + kvHeads) * headDim);
        if (QueryNorm is not null) q = new HeadRange(QueryNorm.Forward(q.View(), pass.IsTraining));
        if (KeyNorm is not null) k = new HeadRange(KeyNorm.Forward(k.View(), pass.IsTraining));
        if (Rotary is not null)
        {
            // In the fused rows queries and keys lie side by side, and turn in one sweep.
            bool fused = ReferenceEquals(q.Rows, k.Rows);
            Rotary.Apply(fused ? q with { Count = _heads + kvHeads } : q, pass.Positions, pass.Length);
            if (!fused) Rotary.Apply(k, pass.Positions, pass.Length);
        }
        Tensor mixed = pass.Rows is { } rows ? WithinRows(q, k, v, rows, layer) : OverCache(q, k, v, pass, layer); // [batch, seq, heads·valueDim]
        return Pattern?.Globals is { } globals ? AddGlobals(mixed, x, globals, pass, layer) : mixed;
    }

    private Tensor OverCache(in HeadRange q, in HeadRange k, in HeadRange v, in ForwardPass pass, int layer)
    {
        (StoredKeyValues stored, KvSlots slots) = pass.Cache!.Layer(layer);
        AttentionModifiers? modifiers = Modifiers(Distances?.Before(pass.Length));
        if (Pattern is not null) modifiers = (modifiers ?? new AttentionModifiers()) with { Runs = pass.Cache.RunsOf(Pattern.Mask, pass.Positions) };
        return Ops.Attention(q, k, v, pass.Positions, stored, slots, options, modifiers);
    }

    private Tensor WithinRows(in HeadRange q, in HeadRange k, in HeadRange v, OwnRows rows, int layer)
    {
        AttentionDropout dropout = rows.DropProbabilities(layer, q.Count, q.Seq);
        AttentionModifiers? modifiers = Modifiers(Distances?.Between(q.Seq));
        (int[] limits, int[] firsts, AttentionOptions rest) = rows.Sight(options);
        if (Pattern is not null)
        {
            CompiledMask seen = rows.Sight(Pattern.Mask);
            (limits, firsts) = (seen.Limits, seen.Firsts);
            modifiers = (modifiers ?? new AttentionModifiers()) with { Tiles = seen.Tiles };
        }
        return Observed(q, k, v, limits, firsts, rest, dropout, modifiers, rows, layer);
    }

    /// <summary>Attention that the rows' observer is shown, if there is one.</summary>
    private static Tensor Observed(in HeadRange q, in HeadRange k, in HeadRange v, int[] limits, int[] firsts, in AttentionOptions rest,
        in AttentionDropout dropout, AttentionModifiers? modifiers, OwnRows rows, int layer)
    {
        if (rows.Observer is null) return Ops.Attention(q, k, v, limits, firsts, rest, dropout, modifiers);
        AttentionResult result = Ops.AttentionWithWeights(q, k, v, limits, firsts, rest, dropout, modifiers);
        rows.Observer(layer, result);
        return result.Output.Reshape(new Shape(q.Batch, q.Seq, q.Count * v.Dim));
    }

    private AttentionModifiers? Modifiers(Tensor? distances) => distances is null && Sinks is null && TopK == 0
        ? null
        : new AttentionModifiers { Distances = distances, Sinks = Sinks, TopK = TopK };
}
