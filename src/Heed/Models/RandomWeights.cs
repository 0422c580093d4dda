using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// Fresh trainable layers: matrices from N(0, 0.02²), those that write to the residual stream (attention outputs and
/// feed-forward down) from N(0, (0.02/√(2·layers))²), gains 1, biases 0, running statistics 0 and 1, mixers' tensors as their papers have it. The same seed gives the same weights,
/// and a slice of a layer has the numbers that the whole has there.
/// </summary>
/// <remarks>The scaled initialisation is GPT-2's (Radford et al. 2019).</remarks>
public sealed class RandomWeights : IWeightSource
{
    private const double Deviation = 0.02;
    private readonly Random _random;
    private readonly string _prefix;
    private readonly int _layers;

    /// <summary>A source of random layers.</summary>
    /// <param name="seed">Which ones.</param>
    /// <param name="layers">The number of blocks, for the residual layers' scale; 1 leaves them at 0.02/√2.</param>
    /// <param name="device">The device; the CPU if null.</param>
    public RandomWeights(int seed, int layers = 1, Device? device = null)
        : this(new Random(seed), "", layers, device ?? Device.Cpu)
    {
    }

    private RandomWeights(Random random, string prefix, int layers, Device device)
    {
        _random = random;
        _prefix = prefix;
        _layers = layers;
        Device = device;
    }

    /// <inheritdoc/>
    public Device Device { get; }

    /// <inheritdoc/>
    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        bool residual = $"{_prefix}{name}" is var full
            && (full.EndsWith(WeightNames.AttentionOutput, StringComparison.Ordinal) || full.EndsWith(WeightNames.MixerOutput, StringComparison.Ordinal) || full.EndsWith(WeightNames.CrossOutput, StringComparison.Ordinal) || full.EndsWith(WeightNames.Down, StringComparison.Ordinal));
        Shape matrix = Shape.Of(outFeatures, inFeatures);
        if (name == WeightNames.MambaStep)
            return new DenseLinear(Normal(name, matrix, 1 / Math.Sqrt(3.0 * inFeatures), slice), MatrixSlice.Copy(slice?.OfRows(), name, MambaMixer.StepBias(outFeatures, _random, Device)));
        double deviation = residual ? Deviation / Math.Sqrt(2.0 * _layers) : Deviation;
        return new DenseLinear(Normal(name, matrix, deviation, slice), bias ? Constant(name, new Shape(outFeatures), 0, slice?.OfRows()) : null);
    }

    /// <inheritdoc/>
    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => new DenseEmbedding(Normal(name, Shape.Of(count, dim), Deviation, slice));

    /// <inheritdoc/>
    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null) => name switch
    {
        WeightNames.AftPosition or WeightNames.AftPositionLeft or WeightNames.AftPositionRight => Normal(name, shape, Deviation, slice),
        WeightNames.LinformerKeys or WeightNames.LinformerValues => Normal(name, shape, 1 / Math.Sqrt(shape[1]), slice), // Sums stay of the size of their parts.
        WeightNames.MambaConvolution => Normal(name, shape, 1 / Math.Sqrt(3.0 * shape[1]), slice),
        WeightNames.MambaLogA => MatrixSlice.Copy(slice, name, MambaMixer.LogRates(shape[0], shape[1], Device)),
        WeightNames.AttentionSinks => Constant(name, shape, 0, slice),
        _ => Constant(name, shape, name.EndsWith("bias", StringComparison.Ordinal) || name.EndsWith(WeightNames.RunningMean, StringComparison.Ordinal) ? 0 : 1, slice),
    };

    /// <inheritdoc/>
    public IWeightSource Scope(string prefix) => new RandomWeights(_random, $"{_prefix}{prefix}.", _layers, Device);

    // The whole is drawn for a slice too: then the numbers, and those of all later layers, are the same.
    private Tensor Normal(string name, Shape shape, double deviation, MatrixSlice? slice) =>
        MatrixSlice.Copy(slice, name, Tensors.Tensor.Normal(shape, _random, 0, deviation, Device));

    private Tensor Constant(string name, Shape shape, double value, MatrixSlice? slice)
    {
        Tensor weight = Tensors.Tensor.AllocateUnscoped(slice is null ? shape : slice.Within(name, shape).Shape(shape.Rank), Device);
        Device.Backend.Fill(weight, value);
        return weight;
    }
}
