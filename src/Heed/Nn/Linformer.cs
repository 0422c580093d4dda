using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Linformer's self-attention (Wang et al. 2020, arXiv 2006.04768): keys and values are projected along the sequence to a
/// constant number k of them, E·K and F·V, so that time and memory are linear in seq. Every projected key mixes all positions;
/// there is no causal form. All heads share the projections.
/// </summary>
public sealed class Linformer : SequenceMixer
{
    private readonly Linear _qkv;
    private readonly Tensor _keyProjection, _valueProjection;
    private readonly int _heads;
    private readonly AttentionOptions _options;

    /// <summary>Makes a layer.</summary>
    /// <param name="qkv">hidden → 3·heads·headDim, rows in the order queries, keys, values.</param>
    /// <param name="output">heads·headDim → hidden.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="keyProjection">E, [k, maxLen]; shorter inputs use its first columns.</param>
    /// <param name="valueProjection">F, [k, maxLen]; E itself if null.</param>
    /// <param name="causal">Must be false.</param>
    /// <exception cref="NotSupportedException">A causal layer is asked for.</exception>
    /// <exception cref="ArgumentException">Sizes do not fit.</exception>
    public Linformer(Linear qkv, Linear output, int heads, Tensor keyProjection, Tensor? valueProjection = null, bool causal = false)
        : base(output)
    {
        if (causal)
            throw new NotSupportedException("Linformer: causal is true; expected false. Each projected key is a sum over all positions, so a causal mask could hide none of them; use another mixer.");
        if (heads < 1 || qkv.OutFeatures % (3 * heads) != 0)
            throw new ArgumentException($"Linformer: heads is {heads}; expected a number that divides a third of the {qkv.OutFeatures} outputs of qkv.", nameof(heads));
        if (keyProjection.Rank != 2) throw new ArgumentException($"Linformer: keyProjection has shape {keyProjection.Shape}; expected [k, maxLen].", nameof(keyProjection));
        if (valueProjection is not null && valueProjection.Shape != keyProjection.Shape)
            throw new ArgumentException($"Linformer: valueProjection has shape {valueProjection.Shape}; expected {keyProjection.Shape}, as keyProjection.", nameof(valueProjection));
        (_qkv, _heads) = (qkv, heads);
        _keyProjection = keyProjection;
        _valueProjection = valueProjection ?? keyProjection;
        _options = new AttentionOptions(1 / MathF.Sqrt(qkv.OutFeatures / 3 / heads));
    }

    /// <summary>The number of projected keys.</summary>
    public int ProjectedLength => _keyProjection.Shape[0];

    /// <summary>The longest sequence.</summary>
    public int MaxLength => _keyProjection.Shape[1];

    internal override IEnumerable<(string Name, object Layer)> Layers
    {
        get
        {
            yield return ("qkv", _qkv);
            yield return ("output", Output);
            yield return ("e", _keyProjection);
            if (!ReferenceEquals(_valueProjection, _keyProjection)) yield return ("f", _valueProjection);
        }
    }

    /// <summary>As in a pass of a model; in training, probabilities fall to dropout as softmax attention's do.</summary>
    internal override Tensor Inner(Tensor x, in ForwardPass pass, int layer)
    {
        if (pass.Rows is not { Dropout: > 0 } rows) return base.Inner(x, pass, layer);
        (float rate, ulong seed) = (rows.Dropout, rows.SeedOf(layer, DropoutPlace.Probabilities));
        // Documents of each length come by themselves, and count from the first row on.
        return rows.Documents.Apply(x, Output.InFeatures, documents =>
            Mix(documents, rate, DropoutStream.From(SplitMix.Mix(seed + (ulong)documents.Shape[1]), (long)rows.FirstRow * _heads * documents.Shape[1])));
    }

    /// <exception cref="ArgumentException">The sequence is longer than <see cref="MaxLength"/>.</exception>
    private protected override Tensor Inner(Tensor x) => Mix(x, 0, 0);

    private Tensor Mix(Tensor x, float dropout, ulong seed)
    {
        CheckInput("Linformer", x, _qkv.InFeatures);
        int batch = x.Shape[0], seq = x.Shape[1], dim = _qkv.OutFeatures / 3, headDim = dim / _heads;
        if (seq > MaxLength) throw new ArgumentException($"Linformer: x has shape {x.Shape}; expected a seq of at most {MaxLength}, the columns of the projections.", nameof(x));
        Tensor all = _qkv.Forward(x); // [batch, seq, 3·dim]
        Tensor q = all.Slice(2, 0, dim).Reshape(batch, seq, _heads, headDim);
        Tensor k = _keyProjection.Slice(1, 0, seq).MatMul(all.Slice(2, dim, dim)).Reshape(batch, ProjectedLength, _heads, headDim);
        Tensor v = _valueProjection.Slice(1, 0, seq).MatMul(all.Slice(2, 2 * dim, dim)).Reshape(batch, ProjectedLength, _heads, headDim);
        Tensor mixed = Ops.Attention(q, k, v, _options, causal: false, default, dropout, seed); // [batch, seq, heads, headDim]
        return mixed.Reshape(batch, seq, dim);
    }
}
