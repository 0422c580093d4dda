using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// A linear layer that does not learn, and low-rank adapters that do: y = base(x) + (α/rank)·B(A(dropout(x))) (LoRA, Hu et
/// al. 2021, arXiv 2106.09685; over a quantized base, QLoRA, Dettmers et al. 2023, arXiv 2305.14314). Each adapter changes a
/// range of rows, so that queries, keys and values of one fused layer have their own.
/// </summary>
public sealed class LoraLinear : Linear
{
    private readonly LoraAdapter[] _adapters;
    private readonly int[] _firstRows;

    /// <summary>Adapters around a layer.</summary>
    /// <param name="inner">The layer; it learns no more.</param>
    /// <param name="adapters">One or more.</param>
    /// <param name="dropout">The rate at which training drops the adapters' inputs.</param>
    /// <exception cref="ArgumentException">There is no adapter, or one does not fit the layer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rate is out of range.</exception>
    public LoraLinear(Linear inner, IReadOnlyList<LoraAdapter> adapters, float dropout = 0)
        : base(inner.InFeatures, inner.OutFeatures)
    {
        if (!(dropout >= 0 && dropout < 1)) throw new ArgumentOutOfRangeException(nameof(dropout), dropout, $"LoraLinear: dropout is {dropout}; expected 0 or more, below 1.");
        if (adapters.Count == 0) throw new ArgumentException("LoraLinear: got no adapters; expected one or more.", nameof(adapters));
        foreach (LoraAdapter adapter in adapters)
            if (adapter.A.Shape[1] != InFeatures || adapter.FirstRow > OutFeatures - adapter.Rows)
                throw new ArgumentException($"LoraLinear: '{adapter.Name}' with A {adapter.A.Shape} and B {adapter.B.Shape} from row {adapter.FirstRow} on does not fit a layer [{OutFeatures}, {InFeatures}].", nameof(adapters));
        Inner = inner;
        Dropout = dropout;
        _adapters = [.. adapters];
        _firstRows = [.. adapters.Select(adapter => adapter.FirstRow)];
    }

    /// <summary>The layer that is adapted.</summary>
    public Linear Inner { get; }

    /// <summary>The adapters.</summary>
    public IReadOnlyList<LoraAdapter> Adapters => _adapters;

    /// <summary>The rate at which training drops the adapters' inputs.</summary>
    public float Dropout { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Adapt(Inner.Forward(x), x, dropoutSeed: null);

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x, ulong? dropoutSeed) => Adapt(Inner.Forward(x, dropoutSeed), x, dropoutSeed);

    /// <inheritdoc/>
    public override Tensor ForwardAdd(Tensor x, Tensor residual) => Adapt(Inner.ForwardAdd(x, residual), x, dropoutSeed: null);

    /// <summary>The adapters' factors.</summary>
    public override IEnumerable<Parameter> Parameters(string name)
    {
        foreach (LoraAdapter adapter in _adapters)
        {
            yield return new Parameter($"{name}.{adapter.Name}.lora_A", adapter.A, IsAdapter: true);
            yield return new Parameter($"{name}.{adapter.Name}.lora_B", adapter.B, IsAdapter: true);
        }
    }

    private Tensor Adapt(Tensor y, Tensor x, ulong? dropoutSeed)
    {
        Tensor[] parts = new Tensor[_adapters.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            // Every adapter drops on its own, as separate layers would.
            Tensor input = dropoutSeed is { } seed ? Ops.Dropout(x, Dropout, seed + (ulong)i * 0xD1342543DE82EF95) : x;
            parts[i] = _adapters[i].Forward(input);
        }
        return Ops.AddColumns(y, _firstRows, parts);
    }
}
