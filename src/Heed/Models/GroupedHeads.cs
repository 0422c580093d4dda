using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>Turns multi-head attention into grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245, section 2.1).</summary>
public static class GroupedHeads
{
    /// <summary>
    /// The same model with fewer key/value heads: each new one is the mean of a group of neighbours, so that query heads
    /// find at their place the mean of what they used. To be trained on for a share of the original training.
    /// </summary>
    /// <param name="model">Any model; adapters are merged.</param>
    /// <param name="kvHeads">The new number; divides the old one.</param>
    /// <returns>A dense, trainable model in memory of its own.</returns>
    /// <exception cref="ArgumentException">The new number does not divide the old one.</exception>
    public static Transformer MeanPool(Transformer model, int kvHeads)
    {
        ArgumentNullException.ThrowIfNull(model);
        ModelConfig config = model.Config;
        if (config.Mixer != MixerKind.Attention)
            throw new ArgumentException($"MeanPool: Mixer is {config.Mixer}, which has no key/value heads; expected {MixerKind.Attention}.", nameof(model));
        if (config.Encoder is not null)
            throw new ArgumentException("MeanPool: Encoder is set; expected null: the heads of cross attention are not pooled.", nameof(model));
        if (kvHeads < 1 || config.KvHeads % kvHeads != 0)
            throw new ArgumentException($"MeanPool: kvHeads is {kvHeads}; expected a divisor of the model's {config.KvHeads} key/value heads.", nameof(kvHeads));
        using GradientTape.Pause pause = GradientTape.NoGrad();
        return new Transformer(config with { NumKvHeads = kvHeads }, new Pooled(new ModelWeights(model), config, kvHeads));
    }

    private sealed class Pooled(IWeightSource weights, ModelConfig config, int kvHeads) : IWeightSource
    {
        public Device Device => weights.Device;

        public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
        {
            if (name is not (WeightNames.Qkv or WeightNames.GlobalKeyValue)) return weights.Linear(name, inFeatures, outFeatures, bias, slice);
            int queries = name == WeightNames.Qkv ? config.NumHeads * config.HeadSize : 0, before = queries + config.KvHeads * (config.HeadSize + config.ValueHeadSize);
            if (slice is not null) throw new NotSupportedException($"MeanPool: a slice of '{name}' is asked for; heads are pooled in whole layers only.");
            DenseLinear layer = (DenseLinear)weights.Linear(name, inFeatures, before, bias);
            return new DenseLinear(Pool(layer.Weight, queries), layer.Bias is null ? null : Pool(layer.Bias, queries));
        }

        public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => weights.Embedding(name, count, dim, slice);

        public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null) => weights.Tensor(name, shape, slice);

        public IWeightSource Scope(string prefix) => new Pooled(weights.Scope(prefix), config, kvHeads);

        /// <summary>Rows [queries | keys | values], the heads of the last two pooled.</summary>
        private Tensor Pool(Tensor rows, int queries)
        {
            using TensorScope scope = new();
            using TensorScope.Lease lease = scope.Enter();
            int keys = config.KvHeads * config.HeadSize, values = config.KvHeads * config.ValueHeadSize;
            Tensor pooledKeys = Means(rows.Slice(0, queries, keys), config.HeadSize), pooledValues = Means(rows.Slice(0, queries + keys, values), config.ValueHeadSize);
            Tensor all = Ops.Concat(0, rows.Slice(0, 0, queries), pooledKeys, pooledValues);
            Tensor result = Tensors.Tensor.AllocateUnscoped(all.Shape, Device);
            result.Assign(all);
            return result;
        }

        /// <summary>Heads of <paramref name="size"/> rows each, as many as before, to the means of groups of neighbours.</summary>
        private Tensor Means(Tensor rows, int size)
        {
            int columns = rows.Rank == 2 ? rows.Shape[1] : 1, group = config.KvHeads / kvHeads;
            Tensor means = rows.Reshape(new Shape(kvHeads, group, size * columns)).Mean(1); // [kvHeads, size·columns]
            return means.Reshape(rows.Rank == 2 ? Shape.Of(kvHeads * size, columns) : new Shape(kvHeads * size));
        }
    }
}
