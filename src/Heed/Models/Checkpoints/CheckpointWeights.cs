using Heed.Formats;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>
/// A checkpoint's layers: half-precision and quantized matrices stay in the mapped file, others are packed for multiplying;
/// or all dense, if asked for.
/// </summary>
internal sealed class CheckpointWeights : IWeightSource
{
    private readonly CheckpointPlan _plan;
    private readonly MatrixLoader _loader;
    private readonly bool _tied;
    private readonly bool _dense;
    private readonly Action<LinearWeights> _own;
    private readonly string _prefix;

    /// <param name="plan">Which tensors each layer is made of.</param>
    /// <param name="loader">Reads them.</param>
    /// <param name="device">Where the model computes.</param>
    /// <param name="tied">Whether the embedding will be multiplied with too.</param>
    /// <param name="dense">Whether all layers are to be ordinary tensors.</param>
    /// <param name="own">Takes over each matrix that is made.</param>
    public CheckpointWeights(CheckpointPlan plan, MatrixLoader loader, Device device, bool tied, bool dense, Action<LinearWeights> own)
        : this(plan, loader, device, tied, dense, own, "")
    {
    }

    private CheckpointWeights(CheckpointPlan plan, MatrixLoader loader, Device device, bool tied, bool dense, Action<LinearWeights> own, string prefix)
    {
        _plan = plan;
        _loader = loader;
        Device = device;
        _tied = tied;
        _dense = dense;
        _own = own;
        _prefix = prefix;
    }

    public Device Device { get; }

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        PlannedLayer planned = Planned(name, outFeatures, inFeatures);
        bool transposed = _plan.IsTransposed(planned.Layer);
        if (bias != planned.Layer.Bias)
            throw new ArgumentException($"CheckpointWeights: '{_prefix}{name}' is asked for {(bias ? "with" : "without")} a bias, against the checkpoint's configuration.");
        slice = slice?.Within(_prefix + name, outFeatures, inFeatures);
        StoredSlice[] weights = Sliced(planned.Weights, transposed, slice);
        Tensor? biases = bias ? _loader.LoadVector(Sliced(planned.Biases, transposed: false, slice?.OfRows()), 0, Device) : null;
        return _dense ? new DenseLinear(_loader.LoadDense(weights, Device), biases) : new FrozenLinear(Owned(_loader.Load(weights)), biases);
    }

    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
    {
        PlannedLayer planned = Planned(name, count, dim);
        StoredSlice[] weights = Sliced(planned.Weights, transposed: false, slice?.Within(_prefix + name, count, dim));
        if (_dense) return new DenseEmbedding(_loader.LoadDense(weights, Device));
        bool multiplied = _tied && _prefix.Length == 0 && name == WeightNames.Embedding;
        LinearWeights table = multiplied ? _loader.Load(weights) : _loader.LoadTable(weights);
        return new FrozenEmbedding(Owned(table), Device);
    }

    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        slice = slice?.Within(_prefix + name, shape);
        if (_plan.Find(_prefix + name) is { Layer: { IsPlain: true } plain } whole)
        {
            if (shape != (plain.Kind == ModelLayerKind.Vector ? new Shape((int)plain.Rows) : Shape.Of((int)plain.Rows, (int)plain.Columns)))
                throw new ArgumentException($"CheckpointWeights: '{_prefix}{name}' is asked for as {shape}; the checkpoint's configuration says [{plain.Rows}, {plain.Columns}].");
            StoredSlice[] parts = Sliced(whole.Weights, transposed: false, slice);
            return plain.Kind == ModelLayerKind.Vector ? _loader.LoadVector(parts, 0, Device) : _loader.LoadDense(parts, Device);
        }
        int dot = name.LastIndexOf('.');
        string layer = dot < 0 ? _prefix.TrimEnd('.') : _prefix + name[..dot];
        string part = name[(dot + 1)..];
        PlannedLayer planned = _plan[layer];
        StoredTensor[] stored = part == "bias" ? planned.Biases : planned.Weights;
        if (Array.IndexOf(planned.Layer.Buffers, part) is >= 0 and int buffer) stored = [planned.Buffers[buffer]];
        if (shape != new Shape((int)planned.Layer.Rows) || stored.Length == 0)
            throw new ArgumentException($"CheckpointWeights: '{_prefix}{name}' is asked for as {shape}; the checkpoint's configuration says [{planned.Layer.Rows}].");
        float offset = _plan.Names.NormsLessOne && stored == planned.Weights ? 1 : 0;
        return _loader.LoadVector(Sliced(stored, transposed: false, slice), offset, Device);
    }

    public IWeightSource Scope(string prefix) => new CheckpointWeights(_plan, _loader, Device, _tied, _dense, _own, $"{_prefix}{prefix}.");

    private PlannedLayer Planned(string name, int rows, int columns)
    {
        PlannedLayer planned = _plan[_prefix + name];
        return planned.Layer.Rows == rows && planned.Layer.Columns == columns
            ? planned
            : throw new ArgumentException($"CheckpointWeights: '{_prefix}{name}' is asked for as [{rows}, {columns}]; " +
                $"the checkpoint's configuration says [{planned.Layer.Rows}, {planned.Layer.Columns}].");
    }

    private StoredSlice[] Sliced(StoredTensor[] parts, bool transposed, MatrixSlice? slice)
    {
        StoredSlice[] slices = StoredSlice.Of(parts, transposed, slice);
        if (slice is not null) _loader.LeaveOut(parts, slices);
        return slices;
    }

    private LinearWeights Owned(LinearWeights weights)
    {
        _own(weights);
        return weights;
    }
}
