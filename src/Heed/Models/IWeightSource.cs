using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// Where a model gets its layers from: random numbers, a checkpoint, or a slice of either. The source decides what kind of
/// layer it gives; the model does not ask.
/// </summary>
public interface IWeightSource
{
    /// <summary>Where the weights live and the model computes.</summary>
    Device Device { get; }

    /// <summary>A linear layer.</summary>
    /// <param name="name">Its name within this scope.</param>
    /// <param name="inFeatures">The size of an input row.</param>
    /// <param name="outFeatures">The size of an output row.</param>
    /// <param name="bias">Whether it has a bias.</param>
    /// <param name="slice">Which rows (outputs) and columns (inputs) of the layer of these sizes are wanted, the bias by its rows; all of it if null.</param>
    /// <exception cref="ArgumentException">The slice leaves the layer, has nothing in it, or cuts blocks of quantized numbers in two.</exception>
    Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null);

    /// <summary>A table of <paramref name="count"/> vectors of size <paramref name="dim"/>, or a slice of it.</summary>
    /// <exception cref="ArgumentException">As with <see cref="Linear"/>.</exception>
    Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null);

    /// <summary>A plain tensor of one or two axes, such as a norm's "weight" or "bias", or a slice of it.</summary>
    /// <exception cref="ArgumentException">As with <see cref="Linear"/>.</exception>
    Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null);

    /// <summary>The same source with <paramref name="prefix"/> and a dot before every name.</summary>
    IWeightSource Scope(string prefix);
}
