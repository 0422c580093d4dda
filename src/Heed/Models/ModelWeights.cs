using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>Another model's layers as dense copies, which can learn and outlive it; adapters are merged into them.</summary>
internal sealed class ModelWeights : IWeightSource
{
    private const int RowsPerPiece = 64;

    private readonly Transformer _model;
    private readonly string _prefix;

    public ModelWeights(Transformer model, string prefix = "")
    {
        _model = model;
        _prefix = prefix;
    }

    public Device Device => _model.Device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        Linear layer = (Linear)_model.LayerOf(_prefix + name);
        Check(name, layer.OutFeatures, layer.InFeatures, outFeatures, inFeatures);
        Tensor? biases = LayerRows.BiasOf(layer);
        return new DenseLinear(Copy(name, LayerRows.Of(layer), outFeatures, inFeatures, slice), biases is null ? null : MatrixSlice.Copy(slice?.OfRows(), name, biases));
    }

    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
    {
        Embedding table = (Embedding)_model.LayerOf(_prefix + name);
        Check(name, table.Count, table.Dim, count, dim);
        return new DenseEmbedding(Copy(name, LayerRows.Of(table), count, dim, slice));
    }

    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        if (_model.LayerOrNull(_prefix + name) is Tensor whole) return MatrixSlice.Copy(slice, name, whole);
        int dot = name.LastIndexOf('.');
        string layer = dot < 0 ? _prefix.TrimEnd('.') : _prefix + name[..dot];
        string part = name[(dot + 1)..];
        bool bias = part == "bias";
        return MatrixSlice.Copy(slice, name, _model.LayerOf(layer) switch
        {
            RmsNorm norm when !bias => norm.Weight,
            LayerNorm norm => (bias ? norm.Bias : norm.Weight)!,
            BatchNorm norm => part switch { WeightNames.RunningMean => norm.RunningMean, WeightNames.RunningVariance => norm.RunningVariance, _ => bias ? norm.Bias : norm.Weight },
            object other => throw new ArgumentException($"ModelWeights: '{layer}' is of kind {other.GetType().Name} and has no tensor '{name}'."),
        });
    }

    public IWeightSource Scope(string prefix) => new ModelWeights(_model, $"{_prefix}{prefix}.");

    private Tensor Copy(string name, LayerRows.Reader read, int rows, int columns, MatrixSlice? slice)
    {
        if (slice is not null)
        {
            slice = slice.Within(_prefix + name, rows, columns);
            read = new SlicedRows(read, slice, columns).Read;
            (rows, columns) = (slice.RowCount, slice.Columns);
        }
        Tensor matrix = Tensors.Tensor.AllocateUnscoped(Shape.Of(rows, columns), Device);
        float[]? values = Device.DType == DType.Float32 ? null : new float[matrix.ElementCount];
        Parallel.For(0, (rows + RowsPerPiece - 1) / RowsPerPiece, new ParallelOptions { MaxDegreeOfParallelism = Device.Threads }, piece =>
        {
            int first = piece * RowsPerPiece, end = Math.Min(rows, first + RowsPerPiece);
            Span<float> all = values ?? matrix.AsSpan();
            for (int row = first; row < end; row++) read(row, all.Slice(row * columns, columns));
        });
        if (values is null) return matrix;
        using (TensorScope.Begin()) matrix.Assign(Tensors.Tensor.From(values, matrix.Shape, Device));
        return matrix;
    }

    private void Check(string name, int rows, int columns, int wantedRows, int wantedColumns)
    {
        if (rows != wantedRows || columns != wantedColumns)
            throw new ArgumentException($"ModelWeights: '{_prefix}{name}' is asked for as [{wantedRows}, {wantedColumns}]; the model has [{rows}, {columns}].");
    }
}
