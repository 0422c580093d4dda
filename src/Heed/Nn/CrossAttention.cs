using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Attention of one sequence over another, the memory (Vaswani et al. 2017, arXiv 1706.03762): queries come from x, keys and values
/// both from the memory, as a decoder looks at what its encoder made. Query head h uses key/value head ⌊h·kvHeads/heads⌋.
/// </summary>
public sealed class CrossAttention
{
    private readonly int _heads, _kvHeads, _headDim, _valueDim;
    private readonly AttentionOptions _options;

    /// <summary>Makes a layer.</summary>
    /// <param name="query">hidden → heads·headDim.</param>
    /// <param name="keyValue">memory size → kvHeads·(headDim + valueDim), rows in the order keys, values.</param>
    /// <param name="output">heads·valueDim → hidden.</param>
    /// <param name="heads">The number of query heads.</param>
    /// <param name="kvHeads">The number of key/value heads, which divides heads; as many if null.</param>
    /// <param name="options">Scale and soft-cap of the scores; 1/√headDim alone if null.</param>
    /// <exception cref="ArgumentException">Sizes do not fit.</exception>
    public CrossAttention(Linear query, Linear keyValue, Linear output, int heads, int? kvHeads = null, AttentionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(keyValue);
        ArgumentNullException.ThrowIfNull(output);
        (Query, KeyValue, Output, _heads, _kvHeads) = (query, keyValue, output, heads, kvHeads ?? heads);
        if (heads < 1 || query.OutFeatures % heads != 0)
            throw new ArgumentException($"CrossAttention: heads is {heads}; expected a number that divides the {query.OutFeatures} outputs of query.", nameof(heads));
        if (_kvHeads < 1 || heads % _kvHeads != 0) throw new ArgumentException($"CrossAttention: kvHeads is {_kvHeads}; expected a number that divides {heads} heads.", nameof(kvHeads));
        if (output.InFeatures % heads != 0) throw new ArgumentException($"CrossAttention: output takes {output.InFeatures} numbers; expected a multiple of {heads} heads.", nameof(output));
        (_headDim, _valueDim) = (query.OutFeatures / heads, output.InFeatures / heads);
        if (keyValue.OutFeatures != _kvHeads * (_headDim + _valueDim))
            throw new ArgumentException($"CrossAttention: keyValue makes {keyValue.OutFeatures} numbers; expected {_kvHeads} heads of keys of {_headDim} and values of {_valueDim}, {_kvHeads * (_headDim + _valueDim)}.", nameof(keyValue));
        _options = options ?? new AttentionOptions(1 / MathF.Sqrt(_headDim));
    }

    /// <summary>The number of query heads.</summary>
    internal int Heads => _heads;

    /// <summary>The layer that makes queries.</summary>
    public Linear Query { get; }

    /// <summary>The layer that makes keys and values of the memory.</summary>
    public Linear KeyValue { get; }

    /// <summary>The output layer.</summary>
    public Linear Output { get; }

    /// <summary>What x finds in the memory.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="memory">[batch, memoryLen, memory size].</param>
    /// <param name="memoryLengths">How many of each row's places in the memory are no padding, for each row of the batch; empty for all. A row of 0 gives the output layer's bias.</param>
    /// <returns>[batch, seq, hidden].</returns>
    /// <exception cref="ArgumentException">Shapes or lengths do not fit.</exception>
    public Tensor Forward(Tensor x, Tensor memory, ReadOnlySpan<int> memoryLengths = default)
    {
        CheckInput("x", x, Query.InFeatures, x.Rank == 3 ? x.Shape[0] : -1);
        CheckInput("memory", memory, KeyValue.InFeatures, x.Shape[0]);
        int[] limits = Limits(x.Shape[0], x.Shape[1], memory.Shape[1], memoryLengths);
        using TensorScope.Lease lease = TensorScope.Begin();
        return lease.Return(Output.Forward(Over(memory, Queries(x), limits, default)));
    }

    /// <summary>What the layer can learn, under names that begin with <paramref name="name"/>.</summary>
    public IEnumerable<Parameter> Parameters(string name) =>
        [.. Query.Parameters($"{name}.query"), .. KeyValue.Parameters($"{name}.key_value"), .. Output.Parameters($"{name}.output")];

    /// <summary>As in a pass of a model, [batch, seq, heads·valueDim]; <see cref="Output"/> is still to be applied.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="memory">What to look at.</param>
    /// <param name="layer">The number of the block, for stored keys and values.</param>
    /// <param name="dropout">Of the probabilities.</param>
    internal Tensor Inner(Tensor x, CrossMemory memory, int layer, in AttentionDropout dropout)
    {
        int count = x.Shape[0] * x.Shape[1];
        if (memory.States is { } states)
        {
            int[] own = new int[count];
            memory.Limits(own);
            return Over(states, Queries(x), own, dropout);
        }
        Span<int> limits = count <= 256 ? stackalloc int[count] : new int[count];
        memory.Limits(limits);
        return Ops.Attention(new HeadRange(Queries(x)), memory.Layer(layer), limits, _options);
    }

    /// <summary>Keys and values of a memory, in memory of their own.</summary>
    /// <param name="states">[batch, memoryLen, memory size].</param>
    /// <param name="lengths">How many places of each row are no padding.</param>
    /// <param name="type">What they are rounded to.</param>
    internal StoredKeyValues Store(Tensor states, ReadOnlySpan<int> lengths, KvCacheType type)
    {
        int batch = states.Shape[0], length = states.Shape[1];
        int[] positions = new int[batch * length];
        for (int i = 0; i < positions.Length; i++) positions[i] = i % length < lengths[i / length] ? i % length : -1;
        int capacity = (length + Ops.KeysPerPanel - 1) / Ops.KeysPerPanel * Ops.KeysPerPanel;
        StoredKeyValues stored = StoredKeyValues.Allocate(batch, _kvHeads, capacity, new KvLayout(type, _headDim, _valueDim), states.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        (Tensor k, Tensor v) = KeysAndValues(states);
        Ops.StoreKeyValues(new HeadRange(k), new HeadRange(v), positions, stored);
        return stored;
    }

    private Tensor Queries(Tensor x) => Query.Forward(x).Reshape(new Shape(x.Shape[0], x.Shape[1], _heads, _headDim));

    private Tensor Over(Tensor states, Tensor q, int[] limits, in AttentionDropout dropout)
    {
        (Tensor k, Tensor v) = KeysAndValues(states);
        return Ops.Attention(new HeadRange(q), new HeadRange(k), new HeadRange(v), limits, [], _options, dropout); // [batch, seq, heads·valueDim]
    }

    private (Tensor Keys, Tensor Values) KeysAndValues(Tensor states)
    {
        int batch = states.Shape[0], keys = states.Shape[1], keySize = _kvHeads * _headDim;
        Tensor all = KeyValue.Forward(states); // [batch, memoryLen, kvHeads·(headDim + valueDim)]
        return (all.Slice(2, 0, keySize).Reshape(batch, keys, _kvHeads, _headDim).Contiguous(),
            all.Slice(2, keySize, _kvHeads * _valueDim).Reshape(batch, keys, _kvHeads, _valueDim).Contiguous());
    }

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
