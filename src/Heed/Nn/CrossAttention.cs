using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Attention of one sequence over another, the memory (Vaswani et al. 2017, arXiv 1706.03762): queries come from x, keys and values
/// both from the memory, as a decoder looks at what its encoder made. Query head h uses key/value head ⌊h·kvHeads/heads⌋.
/// </summary>
public sealed class CrossAttention
{
    private readonly Linear _query, _keyValue, _output;
    private readonly int _heads, _kvHeads, _headDim, _valueDim;
    private readonly AttentionOptions _options;

    /// <summary>Makes a layer.</summary>
    /// <param name="query">hidden → heads·headDim.</param>
    /// <param name="keyValue">memory size → kvHeads·(headDim + valueDim), rows in the order keys, values.</param>
    /// <param name="output">heads·valueDim → hidden.</param>
    /// <param name="heads">The number of query heads.</param>
    /// <param name="kvHeads">The number of key/value heads, which divides heads; as many if null.</param>
    /// <exception cref="ArgumentException">Sizes do not fit.</exception>
    public CrossAttention(Linear query, Linear keyValue, Linear output, int heads, int? kvHeads = null)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(keyValue);
        ArgumentNullException.ThrowIfNull(output);
        (_query, _keyValue, _output, _heads, _kvHeads) = (query, keyValue, output, heads, kvHeads ?? heads);
        if (heads < 1 || query.OutFeatures % heads != 0)
            throw new ArgumentException($"CrossAttention: heads is {heads}; expected a number that divides the {query.OutFeatures} outputs of query.", nameof(heads));
        if (_kvHeads < 1 || heads % _kvHeads != 0) throw new ArgumentException($"CrossAttention: kvHeads is {_kvHeads}; expected a number that divides {heads} heads.", nameof(kvHeads));
        if (output.InFeatures % heads != 0) throw new ArgumentException($"CrossAttention: output takes {output.InFeatures} numbers; expected a multiple of {heads} heads.", nameof(output));
        (_headDim, _valueDim) = (query.OutFeatures / heads, output.InFeatures / heads);
        if (keyValue.OutFeatures != _kvHeads * (_headDim + _valueDim))
            throw new ArgumentException($"CrossAttention: keyValue makes {keyValue.OutFeatures} numbers; expected {_kvHeads} heads of keys of {_headDim} and values of {_valueDim}, {_kvHeads * (_headDim + _valueDim)}.", nameof(keyValue));
        _options = new AttentionOptions(1 / MathF.Sqrt(_headDim));
    }

    /// <summary>What x finds in the memory.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="memory">[batch, memoryLen, memory size].</param>
    /// <param name="memoryLengths">How many of each row's places in the memory are no padding, for each row of the batch; empty for all. A row of 0 gives the output layer's bias.</param>
    /// <returns>[batch, seq, hidden].</returns>
    /// <exception cref="ArgumentException">Shapes or lengths do not fit.</exception>
    public Tensor Forward(Tensor x, Tensor memory, ReadOnlySpan<int> memoryLengths = default)
    {
        CheckInput("x", x, _query.InFeatures, x.Rank == 3 ? x.Shape[0] : -1);
        CheckInput("memory", memory, _keyValue.InFeatures, x.Shape[0]);
        int batch = x.Shape[0], seq = x.Shape[1], keys = memory.Shape[1], keySize = _kvHeads * _headDim;
        int[] limits = Limits(batch, seq, keys, memoryLengths);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor all = _keyValue.Forward(memory); // [batch, memoryLen, kvHeads·(headDim + valueDim)]
        Tensor q = _query.Forward(x).Reshape(batch, seq, _heads, _headDim);
        Tensor k = all.Slice(2, 0, keySize).Reshape(batch, keys, _kvHeads, _headDim).Contiguous();
        Tensor v = all.Slice(2, keySize, _kvHeads * _valueDim).Reshape(batch, keys, _kvHeads, _valueDim).Contiguous();
        Tensor mixed = Ops.Attention(new HeadRange(q), new HeadRange(k), new HeadRange(v), limits, [], _options, default); // [batch, seq, heads·valueDim]
        return lease.Return(_output.Forward(mixed));
    }

    /// <summary>What the layer can learn, under names that begin with <paramref name="name"/>.</summary>
    public IEnumerable<Parameter> Parameters(string name) =>
        [.. _query.Parameters($"{name}.query"), .. _keyValue.Parameters($"{name}.key_value"), .. _output.Parameters($"{name}.output")];

    private static int[] Limits(int batch, int seq, int keys, ReadOnlySpan<int> memoryLengths)
    {
        if (!memoryLengths.IsEmpty && memoryLengths.Length != batch)
            throw new ArgumentException($"CrossAttention: got {memoryLengths.Length} memoryLengths; expected 0 or {batch}, one for each row.", nameof(memoryLengths));
        int[] limits = new int[batch * seq];
        for (int row = 0; row < batch; row++)
        {
            int length = memoryLengths.IsEmpty ? keys : memoryLengths[row];
            if (length < 0 || length > keys) throw new ArgumentException($"CrossAttention: the memory of row {row} has length {length}; expected 0 to {keys}.", nameof(memoryLengths));
            limits.AsSpan(row * seq, seq).Fill(length - 1);
        }
        return limits;
    }

    private static void CheckInput(string name, Tensor tensor, int size, int batch)
    {
        if (tensor.Rank != 3 || tensor.Shape[2] != size || tensor.Shape[0] != batch)
            throw new ArgumentException($"CrossAttention: {name} has shape {tensor.Shape}; expected [{(batch < 0 ? "batch" : batch)}, length, {size}].", name);
    }
}
