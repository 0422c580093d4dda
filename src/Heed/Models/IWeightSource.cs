using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// Where a model gets its layers from: random numbers, a checkpoint, a shard of one. The source decides what kind of
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
    Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false);

    /// <summary>A table of <paramref name="count"/> vectors of size <paramref name="dim"/>.</summary>
    Embedding Embedding(string name, int count, int dim);

    /// <summary>A plain tensor, such as a norm's "weight" or "bias".</summary>
    Tensor Tensor(string name, Shape shape);

    /// <summary>The same source with <paramref name="prefix"/> and a dot before every name.</summary>
    IWeightSource Scope(string prefix);
}
