using Heed.Formats;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>A layer of the model and the file's tensors that it is made of.</summary>
internal sealed record PlannedLayer(ModelLayer Layer, StoredTensor[] Weights, StoredTensor[] Biases, StoredTensor[] Buffers)
{
    public long Bytes => Weights.Sum(tensor => tensor.ByteLength + (tensor.Affine?.Bytes ?? 0)) + Biases.Sum(tensor => tensor.ByteLength) + Buffers.Sum(tensor => tensor.ByteLength);
}

/// <summary>
/// Which of a file's tensors each layer of the model is made of. Strict: every tensor that the model needs is there in its
/// shape and a type that weights can have, and none is left over.
/// </summary>
internal sealed class CheckpointPlan
{
    private const int MostProblems = 12;

    private readonly TensorNames _names;
    private readonly TensorFile _file;
    private readonly Dictionary<string, PlannedLayer> _layers = [];
    private readonly HashSet<string> _used = [];
    private readonly List<(string Tensor, string Problem)> _problems = [];

    private CheckpointPlan(TensorNames names, TensorFile file)
    {
        _names = names;
        _file = file;
    }

    /// <summary>How the file names and stores its tensors.</summary>
    public TensorNames Names => _names;

    /// <summary>The bytes of all layers' tensors.</summary>
    public long Bytes => _layers.Values.Sum(layer => layer.Bytes);

    /// <summary>The layer with a full name by <see cref="WeightNames"/>.</summary>
    public PlannedLayer this[string layer] => _layers.TryGetValue(layer, out PlannedLayer? planned)
        ? planned
        : throw new ArgumentException($"The checkpoint's configuration has no layer '{layer}'.", nameof(layer));

    /// <summary>The layer with a full name, or null.</summary>
    public PlannedLayer? Find(string layer) => _layers.GetValueOrDefault(layer);

    /// <summary>Matches the model that <paramref name="config"/> describes against the file.</summary>
    /// <param name="config">A valid configuration.</param>
    /// <param name="names">How the file names its tensors.</param>
    /// <param name="file">The tensors.</param>
    /// <param name="ignored">The name of a tensor that is not to be used, or null.</param>
    /// <exception cref="FileFormatException">Tensors are absent, left over, misshapen or mistyped; all of them are named.</exception>
    public static CheckpointPlan Match(ModelConfig config, TensorNames names, TensorFile file, string? ignored = null)
    {
        // Every block has at least one tensor: a claim beyond that would only take time and memory to refute.
        int layers = config.NumLayers + (config.Encoder?.NumLayers ?? 0);
        if (layers > file.Tensors.Count)
            throw new FileFormatException(file.Path, $"the configuration says {layers} layers, and the file has {file.Tensors.Count} tensors in all.");
        CheckpointPlan plan = new(names, file);
        foreach (ModelLayer layer in ModelLayer.Of(config)) plan.Add(layer);
        foreach (StoredTensor tensor in file.Tensors)
            if (!plan._used.Contains(tensor.Name) && tensor.Name != ignored && !names.Harmless.IsMatch(tensor.Name))
                plan._problems.Add((tensor.Name, $"of shape {tensor.ShapeText} is no part of a {config.Architecture} model of this configuration"));
        plan.ThrowOnProblems(config);
        return plan;
    }

    /// <summary>Whether the layer's matrix is stored [in, out].</summary>
    public bool IsTransposed(ModelLayer layer) => _names.Transposes(layer);

    private void Add(ModelLayer layer)
    {
        if (!_names.Knows(layer.Name)) throw new FileFormatException(_file.Path, $"this format has no name for the layer '{layer.Name}'.");
        string[] names = _names.PartsOf(layer.Name);
        long[] rows = names.Length == layer.Parts.Length ? layer.Parts : [layer.Rows];
        bool transposed = IsTransposed(layer);
        List<StoredTensor> weights = [], biases = [], buffers = [];
        for (int i = 0; i < names.Length; i++)
        {
            long[] shape = layer.Kind is ModelLayerKind.Norm or ModelLayerKind.Vector ? [rows[i]] : transposed ? [layer.Columns, rows[i]] : [rows[i], layer.Columns];
            Take(names[i] + (layer.IsPlain ? "" : _names.Weight), shape, weights);
            if (layer.Bias) Take(names[i] + _names.Bias, [rows[i]], biases);
        }
        foreach (string buffer in layer.Buffers) Take($"{names[0]}.{buffer}", [layer.Rows], buffers);
        _layers.Add(layer.Name, new PlannedLayer(layer, [.. weights], [.. biases], [.. buffers]));
    }

    private void Take(string name, long[] shape, List<StoredTensor> taken)
    {
        string expected = $"[{string.Join(", ", shape)}]";
        if (!_file.TryGet(name, out StoredTensor? tensor))
        {
            _problems.Add((name, $"is absent; expected shape {expected}"));
            return;
        }
        _used.Add(name);
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            _problems.Add((name, $"has shape {tensor.ShapeText}; expected {expected}"));
        else if (_names.IsOwn && tensor.Type == WeightType.U8 && shape.Length == 2)
            tensor = WithScales(tensor);
        else if (!IsWeight(tensor))
            _problems.Add((name, $"has type {tensor.Type}; expected floating-point numbers or quantized blocks"));
        taken.Add(tensor);
    }

    /// <summary>A matrix of affine numbers with the tensors that say what they mean.</summary>
    private StoredTensor WithScales(StoredTensor codes)
    {
        string scaleName = codes.Name + AffineNames.Scale, zeroName = codes.Name + AffineNames.ZeroPoint;
        if (!_file.TryGet(scaleName, out StoredTensor? scales) || !_file.TryGet(zeroName, out StoredTensor? zeros))
        {
            _problems.Add((codes.Name, $"has type U8, but there are no '{scaleName}' and '{zeroName}'"));
            return codes;
        }
        _used.Add(scaleName);
        _used.Add(zeroName);
        if (scales.Type != WeightType.F32 || zeros.Type != WeightType.U8 || !scales.Shape.AsSpan().SequenceEqual(zeros.Shape) || AffineScheme.OfShape(scales.Shape, codes.Shape[0], codes.Shape[1]) is null)
        {
            _problems.Add((scaleName, $"is {scales.Type} {scales.ShapeText}, and '{zeroName}' {zeros.Type} {zeros.ShapeText}; expected F32 and U8 of one shape: [1], [rows], or [rows, groups of a multiple of {AffineScheme.SmallestGroup} columns]"));
            return codes;
        }
        return codes with { Affine = new AffineParts(scales, zeros) };
    }

    private static bool IsWeight(StoredTensor tensor) => tensor.Type switch
    {
        WeightType.I8 => tensor.GroupSize > 0,
        WeightType.I16 or WeightType.I32 or WeightType.I64 or WeightType.U8 or WeightType.Bool => false,
        _ => true,
    };

    private void ThrowOnProblems(ModelConfig config)
    {
        if (_problems.Count == 0) return;
        if (_problems.Count == 1) throw new FileFormatException(_file.Path, $"the tensor {_problems[0].Problem}.", _problems[0].Tensor);
        IEnumerable<string> lines = _problems.Take(MostProblems).Select(problem => $"'{problem.Tensor}' {problem.Problem}");
        string more = _problems.Count > MostProblems ? $"; and {_problems.Count - MostProblems} more" : "";
        throw new FileFormatException(_file.Path,
            $"{_problems.Count} tensors do not fit the {config.Architecture} configuration: {string.Join("; ", lines)}{more}.", _problems[0].Tensor);
    }
}
