using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Trainable layers from tensors under the names of <see cref="WeightNames"/>; a missing name fails.</summary>
internal sealed class NamedWeights(Func<string, Tensor> tensors, Device device, string prefix = "") : IWeightSource
{
    public Device Device => device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null) =>
        new DenseLinear(Tensor($"{name}.weight", Shape.Of(outFeatures, inFeatures), slice), bias ? Tensor($"{name}.bias", new Shape(outFeatures), slice?.OfRows()) : null);

    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => new DenseEmbedding(Tensor($"{name}.weight", Shape.Of(count, dim), slice));

    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        Tensor tensor = tensors(prefix + name);
        tensor.Shape.ShouldBe(shape, prefix + name);
        return slice is null ? tensor : MatrixSlice.Copy(slice, name, tensor);
    }

    public IWeightSource Scope(string prefix2) => new NamedWeights(tensors, device, $"{prefix}{prefix2}.");
}
