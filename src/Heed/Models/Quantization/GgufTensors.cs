using Heed.Formats;
using Heed.Kernels;
using Heed.Kernels.Quantization;
using Heed.Models.Checkpoints;

namespace Heed.Models.Quantization;

/// <summary>A model's tensors on their way to a GGUF file.</summary>
internal sealed class GgufTensors
{
    private const int NumbersPerPiece = 1 << 20;
    private const uint QuantizationVersion = 2;

    private readonly IModelRows _rows;
    private readonly GgufFamily _family;
    private readonly GgufExportOptions _options;
    private readonly QuantizationRecipe _recipe;
    private readonly WorkerPool _pool;
    private readonly CancellationToken _cancellation;
    private readonly TensorNames _names;
    private readonly List<GgufTensorReport> _report = [];
    private long _total, _done;

    /// <summary>Plans all tensors; numbers are read only when the writer saves.</summary>
    public GgufTensors(IModelRows rows, GgufFamily family, GgufExportOptions options, WorkerPool pool, CancellationToken cancellation)
    {
        (_rows, _family, _options, _pool, _cancellation) = (rows, family, options, pool, cancellation);
        if (options.Recipe is null) QuantizationRecipe.TryFind("f16", out _recipe!);
        else _recipe = options.Recipe;
        _names = family.Names;
        GgufKeys keys = options.Keys ?? new GgufKeys();
        family.Describe(keys);
        if (options.ModelName is { } name) keys.Set("general.name", name);
        keys.Set("general.file_type", _recipe.FileType);
        if (!_recipe.IsPlain) keys.Set("general.quantization_version", QuantizationVersion);
        Writer = new GgufWriter(keys);
        foreach ((string tensor, float[] values) in family.FactorTensors()) AddVector(tensor, values.Length, () => values, beforeCheck: true);
        foreach (ModelLayer layer in ModelLayer.Of(family.Config)) Add(layer);
    }

    public GgufWriter Writer { get; }

    public IReadOnlyList<GgufTensorReport> Report => _report;

    private void Add(ModelLayer layer)
    {
        string[] names = _names.PartsOf(layer.Name);
        long[] sizes = names.Length == layer.Parts.Length ? layer.Parts : [layer.Rows];
        int[]? order = _family.RowOrder(_rows.Config, layer.Name);
        int first = 0;
        for (int i = 0; i < names.Length; first += (int)sizes[i++])
        {
            int from = first, count = (int)sizes[i];
            if (layer.Kind == ModelLayerKind.Norm) AddVector($"{names[i]}.weight", count, () => Slice(layer, bias: false, from, count, order));
            else AddMatrix($"{names[i]}.weight", layer, from, count, order);
            if (layer.Bias) AddVector($"{names[i]}.bias", count, () => Slice(layer, bias: true, from, count, order));
        }
    }

    private void AddVector(string name, int count, Func<float[]> values, bool beforeCheck = false)
    {
        _total += count;
        long bytes = (long)count * sizeof(float);
        _report.Add(new GgufTensorReport(name, [count], WeightType.F32, WeightType.F32, bytes));
        Writer.Add(name, WeightType.F32, [count], stream =>
        {
            byte[] written = new byte[bytes];
            Quantize.FromFloat(WeightType.F32, values(), [], written);
            stream.Write(written);
            Advance(count);
        }, beforeCheck);
    }

    private void AddMatrix(string name, ModelLayer layer, int first, int rows, int[]? order)
    {
        int columns = (int)layer.Columns;
        WeightType wanted = TypeOf(name, layer), type = QuantizationRecipe.ForRows(wanted, columns);
        BlockSizes.TryByteLength(type, columns, out long rowBytes);
        _total += (long)rows * columns;
        _report.Add(new GgufTensorReport(name, [rows, columns], type, wanted, rows * rowBytes));
        Writer.Add(name, type, [rows, columns], stream =>
        {
            MatrixRows source = _rows.Matrix(layer);
            int RowOf(int row) => order is null ? first + row : order[first + row];
            float[]? importance = _options.Importance?.Of(layer.Name, columns);
            int perPiece = Math.Clamp(NumbersPerPiece / columns, 1, rows);
            using AlternatingPieces pieces = new(stream, checked(perPiece * (int)rowBytes));
            for (int done = 0; done < rows; done += perPiece)
            {
                _cancellation.ThrowIfCancellationRequested();
                int count = Math.Min(perPiece, rows - done);
                byte[] piece = pieces.Next();
                bool copied = source.TryCopy is not null;
                for (int i = 0; i < count && copied; i++) copied = source.TryCopy!(RowOf(done + i), type, piece.AsSpan(i * (int)rowBytes, (int)rowBytes));
                if (!copied) Round(name, type, done, count, columns, importance, (row, to) => source.Read(RowOf(row), to), piece);
                pieces.Write(count * (int)rowBytes);
                Advance((long)count * columns);
            }
            pieces.Finish();
        });
    }

    private void Round(string name, WeightType type, int first, int count, int columns, float[]? importance, QuantizeRows.Reader read, byte[] piece)
    {
        try
        {
            QuantizeRows.Run(_pool, type, first, count, columns, importance, read, piece);
        }
        catch (ArithmeticException error)
        {
            throw new ArithmeticException($"GgufExport: '{name}', {error.Message}", error);
        }
    }

    private WeightType TypeOf(string name, ModelLayer layer)
    {
        // It is added to the table's rows, and nowhere quantized.
        if (layer.Name == WeightNames.PositionEmbedding) return WeightType.F32;
        string[] parts = layer.Name.Split('.', 3);
        string inBlock = parts.Length == 3 ? parts[2] : layer.Name;
        MatrixRole role = layer.Name switch
        {
            WeightNames.Output => MatrixRole.Output,
            WeightNames.Embedding when _family.Config.TieEmbeddings => MatrixRole.Output,
            _ => inBlock switch
            {
                WeightNames.Qkv when name.EndsWith("attn_v.weight", StringComparison.Ordinal) => MatrixRole.Values,
                WeightNames.Qkv when name.EndsWith("attn_qkv.weight", StringComparison.Ordinal) => MatrixRole.Fused,
                WeightNames.AttentionOutput => MatrixRole.AttentionOutput,
                WeightNames.Down => MatrixRole.Down,
                _ => MatrixRole.Other,
            },
        };
        int block = parts.Length == 3 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
        ModelConfig config = _family.Config;
        return _recipe.TypeOf(new RecipeMatrix(role, block, config.NumLayers, config.NumHeads / config.KvHeads, _options.Importance is not null));
    }

    private float[] Slice(ModelLayer layer, bool bias, int first, int count, int[]? order)
    {
        float[] all = _rows.Vector(layer, bias) ?? throw new InvalidOperationException($"GgufExport: the layer '{layer.Name}' has no {(bias ? "bias" : "weight")}, against the configuration.");
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = all[order is null ? first + i : order[first + i]];
        return values;
    }

    private void Advance(long numbers)
    {
        _done += numbers;
        _options.Progress?.Report((double)_done / _total);
    }
}
