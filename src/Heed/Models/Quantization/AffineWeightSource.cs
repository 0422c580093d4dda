using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>
/// Another source's layers with their matrices quantized to affine 8-bit numbers, scale·(q − zeroPoint), in memory: linear layers, and
/// the token table. They multiply in whole numbers, for which each 32 inputs are rounded to 8 bits, and learn nothing. Matrices whose
/// rows are no multiple of 32 stay as they are.
/// </summary>
/// <remarks>Dispose it when its models are done. A fused layer, such as queries, keys and values, counts as one matrix.</remarks>
/// <example><code>
/// using Checkpoint checkpoint = Checkpoint.Open("model-folder");
/// using AffineWeightSource weights = new(checkpoint.Weights(form: WeightForm.Exact), AffineScheme.PerChannel);
/// Transformer model = new(checkpoint.Config, weights);
/// </code></example>
public sealed class AffineWeightSource : IWeightSource, IDisposable
{
    private readonly IWeightSource _inner;
    private readonly AffineScheme _scheme;
    private readonly bool _isTop;
    private readonly List<LinearWeights> _owned;

    /// <summary>Quantizes what <paramref name="inner"/> gives.</summary>
    /// <param name="inner">Another source.</param>
    /// <param name="scheme">What shares a scale.</param>
    public AffineWeightSource(IWeightSource inner, AffineScheme scheme) : this(inner ?? throw new ArgumentNullException(nameof(inner)), scheme, isTop: true, [])
    {
    }

    private AffineWeightSource(IWeightSource inner, AffineScheme scheme, bool isTop, List<LinearWeights> owned) =>
        (_inner, _scheme, _isTop, _owned) = (inner, scheme, isTop, owned);

    /// <inheritdoc/>
    public Device Device => _inner.Device;

    /// <summary>The bytes of the quantized matrices.</summary>
    public long Bytes => _owned.Sum(weights => weights.ResidentBytes);

    /// <inheritdoc/>
    /// <exception cref="ArithmeticException">A number is NaN or infinite.</exception>
    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        if (!AffineMatrix.Takes(inFeatures)) return _inner.Linear(name, inFeatures, outFeatures, bias, slice);
        Linear layer = _inner.Linear(name, inFeatures, outFeatures, bias);
        Tensor? biases = LayerRows.BiasOf(layer);
        if (slice is not null && biases is not null) biases = MatrixSlice.Copy(slice.OfRows(), name, biases);
        return new FrozenLinear(Quantize(name, outFeatures, inFeatures, LayerRows.Of(layer), slice), biases);
    }

    /// <inheritdoc/>
    /// <exception cref="ArithmeticException">A number is NaN or infinite.</exception>
    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
    {
        return _isTop && name == WeightNames.Embedding && AffineMatrix.Takes(dim)
            ? new FrozenEmbedding(Quantize(name, count, dim, LayerRows.Of(_inner.Embedding(name, count, dim)), slice), Device)
            : _inner.Embedding(name, count, dim, slice);
    }

    /// <inheritdoc/>
    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null) => _inner.Tensor(name, shape, slice);

    /// <inheritdoc/>
    public IWeightSource Scope(string prefix) => new AffineWeightSource(_inner.Scope(prefix), _scheme, isTop: false, _owned);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LinearWeights weights in _owned) weights.Dispose();
        _owned.Clear();
    }

    // The scales of a slice are those of the whole, whatever shares one.
    private AffineWeights Quantize(string name, int rows, int columns, LayerRows.Reader read, MatrixSlice? slice)
    {
        AffineMatrix pairs = AffineMatrix.Fit(_scheme, rows, columns, read.Invoke, Device.Threads);
        if (slice is not null)
        {
            slice = slice.Within(name, rows, columns);
            pairs = pairs.Cut(name, slice.Rows, slice.FirstColumn, slice.Columns);
            read = new SlicedRows(read, slice, columns).Read;
        }
        AffineWeights weights = AffineWeights.Quantize(pairs, read.Invoke, Device.Threads);
        _owned.Add(weights);
        return weights;
    }
}
