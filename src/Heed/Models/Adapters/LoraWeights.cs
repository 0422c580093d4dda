using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Adapters;

/// <summary>
/// Another source's layers, with LoRA adapters around the chosen ones: a model that is made of them learns the adapters
/// alone, and begins with the other model's outputs bit for bit, since B is 0. The other source may be quantized (QLoRA).
/// </summary>
/// <example><code>
/// using Checkpoint checkpoint = Checkpoint.Open("model.gguf");
/// Transformer model = new(checkpoint.Config, new LoraWeights(checkpoint.Weights(), checkpoint.Config, new LoraConfig { Rank = 8 }));
/// </code></example>
public sealed class LoraWeights : IWeightSource
{
    /// <summary>Gives A and B of a target in a block, whose scope is "blocks.0."; they are copied.</summary>
    internal delegate (float[] A, float[] B) Factors(string block, LoraTarget target);

    private readonly IWeightSource _weights;
    private readonly ModelConfig _model;
    private readonly LoraConfig _lora;
    private readonly Factors _factors;
    private readonly string _prefix;

    /// <summary>Fresh adapters: A uniform within ±1/√inFeatures, B 0, as PEFT begins.</summary>
    /// <param name="weights">Where the layers come from.</param>
    /// <param name="model">What the model is.</param>
    /// <param name="lora">Which adapters.</param>
    /// <exception cref="ArgumentException">A configuration is not valid.</exception>
    public LoraWeights(IWeightSource weights, ModelConfig model, LoraConfig lora)
        : this(weights, model.Validate(), lora.Validate(), Fresh(model, lora), "")
    {
    }

    internal LoraWeights(IWeightSource weights, ModelConfig model, LoraConfig lora, Factors factors)
        : this(weights, model, lora, factors, "")
    {
    }

    private LoraWeights(IWeightSource weights, ModelConfig model, LoraConfig lora, Factors factors, string prefix)
    {
        _weights = weights;
        _model = model;
        _lora = lora;
        _factors = factors;
        _prefix = prefix;
    }

    /// <inheritdoc/>
    public Device Device => _weights.Device;

    /// <inheritdoc/>
    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        Linear inner = _weights.Linear(name, inFeatures, outFeatures, bias, slice);
        if (!_prefix.StartsWith(WeightNames.Blocks + ".", StringComparison.Ordinal)) return inner;
        List<LoraAdapter> adapters = [];
        foreach (LoraTarget target in LoraTarget.Of(_lora, _model))
        {
            if (target.Layer != name) continue;
            if (slice is not null) throw new NotSupportedException($"LoraWeights: a slice of '{_prefix}{name}' is asked for, and adapters are not cut; merge them into the model first.");
            (int first, int rows) = target.RowsIn(_model);
            (float[] a, float[] b) = _factors(_prefix, target);
            adapters.Add(new LoraAdapter(target.Name, Weight(a, Shape.Of(_lora.Rank, inFeatures)), Weight(b, Shape.Of(rows, _lora.Rank)), first, _lora.Scale));
        }
        return adapters.Count == 0 ? inner : new LoraLinear(inner, adapters, _lora.Dropout);
    }

    /// <inheritdoc/>
    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => _weights.Embedding(name, count, dim, slice);

    /// <inheritdoc/>
    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null) => _weights.Tensor(name, shape, slice);

    /// <inheritdoc/>
    public IWeightSource Scope(string prefix) => new LoraWeights(_weights.Scope(prefix), _model, _lora, _factors, $"{_prefix}{prefix}.");

    private static Factors Fresh(ModelConfig model, LoraConfig lora)
    {
        if (!LoraTarget.Of(lora, model).Any())
            throw new ArgumentException($"LoraWeights: the model has none of the targets {string.Join(", ", lora.Targets)}; its Mixer is {model.Mixer}.", nameof(lora));
        Random random = new(lora.Seed);
        return (_, target) =>
        {
            int columns = target.ColumnsIn(model);
            float[] a = new float[checked(lora.Rank * columns)];
            double bound = 1 / Math.Sqrt(columns);
            for (int i = 0; i < a.Length; i++) a[i] = (float)(bound * (2 * random.NextDouble() - 1));
            return (a, new float[checked(target.RowsIn(model).Count * lora.Rank)]);
        };
    }

    private Tensor Weight(float[] values, Shape shape)
    {
        Tensor weight = Tensors.Tensor.AllocateUnscoped(shape, Device);
        using (TensorScope.Begin()) weight.Assign(Tensors.Tensor.From(values, shape, Device));
        return weight;
    }
}
