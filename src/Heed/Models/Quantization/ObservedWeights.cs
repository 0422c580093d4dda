using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>Another source's layers, of which the linear ones, and a table that is an output layer too, note what they are given.</summary>
internal sealed class ObservedWeights(IWeightSource weights, Dictionary<string, ColumnSquares> sums, string prefix = "") : IWeightSource
{
    public Device Device => weights.Device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false) =>
        new ObservedLinear(weights.Linear(name, inFeatures, outFeatures, bias), SquaresOf(name, inFeatures));

    public Embedding Embedding(string name, int count, int dim)
    {
        Embedding inner = weights.Embedding(name, count, dim);
        return prefix.Length == 0 && name == WeightNames.Embedding ? new ObservedEmbedding(inner, SquaresOf(name, dim)) : inner;
    }

    public Tensor Tensor(string name, Shape shape) => weights.Tensor(name, shape);

    public IWeightSource Scope(string name) => new ObservedWeights(weights.Scope(name), sums, $"{prefix}{name}.");

    private ColumnSquares SquaresOf(string name, int columns)
    {
        ColumnSquares squares = new(columns);
        sums.Add(prefix + name, squares);
        return squares;
    }
}
