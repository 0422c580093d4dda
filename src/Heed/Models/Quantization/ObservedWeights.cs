using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>Another source's layers, whose linear ones within blocks note what they are given.</summary>
internal sealed class ObservedWeights(IWeightSource weights, Dictionary<string, ColumnSquares> sums, string prefix = "") : IWeightSource
{
    public Device Device => weights.Device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false)
    {
        Linear inner = weights.Linear(name, inFeatures, outFeatures, bias);
        if (prefix.Length == 0) return inner;
        ColumnSquares squares = new(inFeatures);
        sums.Add(prefix + name, squares);
        return new ObservedLinear(inner, squares);
    }

    public Embedding Embedding(string name, int count, int dim) => weights.Embedding(name, count, dim);

    public Tensor Tensor(string name, Shape shape) => weights.Tensor(name, shape);

    public IWeightSource Scope(string name) => new ObservedWeights(weights.Scope(name), sums, $"{prefix}{name}.");
}
