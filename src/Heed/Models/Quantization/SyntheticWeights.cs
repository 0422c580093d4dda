using System.Globalization;
using Heed.Kernels;
using Heed.Kernels.Quantization;
using Heed.Kernels.Strips;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>Random frozen weights in the form that checkpoints get: to measure models of any size without a file, not for texts.</summary>
/// <remarks>Dispose it when its models are done.</remarks>
public sealed class SyntheticWeights : IWeightSource, IDisposable
{
    private const float Deviation = 0.02f;
    private readonly ModelConfig _config;
    private readonly QuantizationRecipe _recipe;
    private readonly string _prefix;
    private readonly List<LinearWeights> _owned;
    private long _lookedUp;

    /// <summary>A source of random layers.</summary>
    /// <param name="config">The model that will ask for them.</param>
    /// <param name="recipe">The type of each matrix.</param>
    /// <param name="device">Where the model computes; the CPU if null.</param>
    public SyntheticWeights(ModelConfig config, QuantizationRecipe recipe, Device? device = null) : this(config, recipe, "", [], device ?? Device.Cpu)
    {
    }

    private SyntheticWeights(ModelConfig config, QuantizationRecipe recipe, string prefix, List<LinearWeights> owned, Device device)
    {
        _config = config;
        _recipe = recipe;
        _prefix = prefix;
        _owned = owned;
        Device = device;
    }

    /// <inheritdoc/>
    public Device Device { get; }

    /// <summary>The bytes of all matrices.</summary>
    public long Bytes => _owned.Sum(weights => weights.ResidentBytes);

    /// <summary>The bytes that a decoding step reads: all but a table that is only looked up.</summary>
    public long StepBytes => Bytes - _lookedUp;

    /// <inheritdoc/>
    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        int values = name == WeightNames.Qkv ? _config.KvHeads * _config.ValueHeadSize : 0;
        WeightType type = TypeOf(name, inFeatures), last = values == 0 ? type : TypeOf(MatrixRole.Values, inFeatures);
        slice = (slice ?? MatrixSlice.All(outFeatures, inFeatures)).Within(_prefix + name, outFeatures, inFeatures);
        int border = outFeatures - values, above = slice.Rows.Sum(range => Math.Clamp(border - range.First, 0, range.Count)), below = slice.RowCount - above;
        LinearWeights weights = type == last || above == 0 || below == 0
            ? Matrix(above == 0 ? last : type, slice.RowCount, slice.Columns)
            : new StackedWeights(Matrix(type, above, slice.Columns), Matrix(last, below, slice.Columns));
        return new FrozenLinear(Owned(weights), bias ? Tensor("bias", new Shape(outFeatures), slice.OfRows()) : null);
    }

    /// <inheritdoc/>
    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
    {
        slice = (slice ?? MatrixSlice.All(count, dim)).Within(_prefix + name, count, dim);
        LinearWeights table = Owned(Matrix(TypeOf(name, dim), slice.RowCount, slice.Columns));
        if (!_config.TieEmbeddings) _lookedUp += table.ResidentBytes;
        return new FrozenEmbedding(table, Device);
    }

    /// <inheritdoc/>
    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        Tensor tensor = Tensors.Tensor.AllocateUnscoped(slice is null ? shape : slice.Within(_prefix + name, shape).Shape(shape.Rank), Device);
        Device.Backend.Fill(tensor, name.EndsWith("bias", StringComparison.Ordinal) ? 0 : 1);
        return tensor;
    }

    /// <inheritdoc/>
    public IWeightSource Scope(string prefix) => new SyntheticWeights(_config, _recipe, $"{_prefix}{prefix}.", _owned, Device);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LinearWeights weights in _owned) weights.Dispose();
        _owned.Clear();
    }

    private WeightType TypeOf(string name, int columns) => TypeOf(name switch
    {
        WeightNames.Output => MatrixRole.Output,
        WeightNames.Embedding when _config.TieEmbeddings => MatrixRole.Output,
        WeightNames.AttentionOutput => MatrixRole.AttentionOutput,
        WeightNames.Down => MatrixRole.Down,
        _ => MatrixRole.Other,
    }, columns);

    private WeightType TypeOf(MatrixRole role, int columns)
    {
        int layer = _prefix.Split('.') is [WeightNames.Blocks, var number, ..] ? int.Parse(number, CultureInfo.InvariantCulture) : 0;
        return QuantizationRecipe.ForRows(_recipe.TypeOf(new RecipeMatrix(role, layer, _config.NumLayers, _config.NumHeads / _config.KvHeads, HasImportance: false)), columns);
    }

    private LinearWeights Owned(LinearWeights weights)
    {
        _owned.Add(weights);
        return weights;
    }

    private LinearWeights Matrix(WeightType type, int rows, int columns)
    {
        Random random = new(1);
        // Rows repeat: what they hold matters to no measurement.
        float[] floats = new float[PackedPanels.PanelRows * columns];
        for (int i = 0; i < floats.Length; i++) floats[i] = (random.NextSingle() - 0.5f) * Deviation * MathF.Sqrt(12);
        return Fill(type, rows, columns, floats);
    }

    private LinearWeights Fill(WeightType type, int rows, int columns, float[] floats)
    {
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Device.Threads };
        if (type == WeightType.F32)
        {
            PackedWeights packed = new(rows, columns);
            Parallel.For(0, packed.PanelCount, parallel, panel => packed.Pack(panel, floats.AsSpan(0, packed.RowsOf(panel) * columns)));
            return packed;
        }
        if (!BlockSizes.TryByteLength(type, columns, out long rowBytes))
            throw new ArgumentException($"SyntheticWeights: {columns} columns are no whole number of {type} blocks of {BlockSizes.ElementsPerBlock(type)}.");
        byte[] bytes = new byte[rowBytes * PackedPanels.PanelRows];
        Quantize.FromFloat(type, floats, [], bytes);
        if (StripMatrix.Takes(type))
        {
            StripMatrix matrix = new(type, rows, columns);
            Parallel.For(0, matrix.StripCount, parallel, strip => matrix.Pack(strip, bytes.AsSpan(0, (int)(matrix.RowsOf(strip) * rowBytes))));
            return new StripWeights(matrix);
        }
        HalfPanels halves = new(type, rows, columns);
        Parallel.For(0, halves.PanelCount, parallel, panel => halves.Pack(panel, bytes.AsSpan(0, (int)(halves.RowsOf(panel) * rowBytes))));
        return new HalfWeights(halves);
    }
}
