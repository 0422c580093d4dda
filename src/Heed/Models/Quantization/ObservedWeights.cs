using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>Another source's layers, of which the linear ones, and a table that is an output layer too, note what they are given.</summary>
internal sealed class ObservedWeights(IWeightSource weights, Dictionary<string, ColumnSquares> sums, string prefix = "") : IWeightSource
{
    public Device Device => weights.Device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null) =>
        new ObservedLinear(weights.Linear(name, inFeatures, outFeatures, bias), SquaresOf(name, inFeatures, slice));

    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
    {
        Embedding inner = weights.Embedding(name, count, dim, slice);
        return prefix.Length == 0 && name == WeightNames.Embedding ? new ObservedEmbedding(inner, SquaresOf(name, dim, slice)) : inner;
    }

    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null) => weights.Tensor(name, shape, slice);

    public IWeightSource Scope(string name) => new ObservedWeights(weights.Scope(name), sums, $"{prefix}{name}.");

    private ColumnSquares SquaresOf(string name, int columns, MatrixSlice? slice)
    {
        if (slice is not null) throw new NotSupportedException($"ImportanceMatrix: a slice of '{prefix}{name}' is asked for; inputs are observed of whole layers only.");
        ColumnSquares squares = new(columns);
        sums.Add(prefix + name, squares);
        return squares;
    }
}
