using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>Trainable layers over tensors that are there already, by the names that <see cref="Transformer.Parameters"/> and <see cref="Transformer.Buffers"/> give them; nothing is copied but slices.</summary>
public sealed class ParameterWeights : IWeightSource
{
    private readonly Dictionary<string, Tensor> _tensors;
    private readonly string _prefix;

    /// <summary>A source of layers.</summary>
    /// <param name="parameters">The tensors; others than the model asks for may be among them.</param>
    /// <param name="device">Where they live.</param>
    public ParameterWeights(IEnumerable<Parameter> parameters, Device device)
        : this(parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value, StringComparer.Ordinal), device, "")
    {
    }

    private ParameterWeights(Dictionary<string, Tensor> tensors, Device device, string prefix) => (_tensors, Device, _prefix) = (tensors, device, prefix);

    /// <inheritdoc/>
    public Device Device { get; }

    /// <inheritdoc/>
    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null) =>
        new DenseLinear(Tensor($"{name}.weight", Shape.Of(outFeatures, inFeatures), slice), bias ? Tensor($"{name}.bias", new Shape(outFeatures), slice?.OfRows()) : null);

    /// <inheritdoc/>
    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => new DenseEmbedding(Tensor($"{name}.weight", Shape.Of(count, dim), slice));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no tensor of that name, or it has another shape.</exception>
    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        if (!_tensors.TryGetValue(_prefix + name, out Tensor? tensor)) throw new ArgumentException($"ParameterWeights: there is no tensor '{_prefix}{name}'; expected one of shape {shape}.", nameof(name));
        if (tensor.Shape != shape) throw new ArgumentException($"ParameterWeights: '{_prefix}{name}' has the shape {tensor.Shape}; expected {shape}.", nameof(shape));
        return slice is null ? tensor : MatrixSlice.Copy(slice, name, tensor);
    }

    /// <inheritdoc/>
    public IWeightSource Scope(string prefix) => new ParameterWeights(_tensors, Device, $"{_prefix}{prefix}.");
}
