using Heed.Formats;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>A model's tensors on their way to a safetensors file, under the names of a format.</summary>
internal sealed partial class ModelTensors
{
    private const int RowsPerWrite = 64;

    private readonly SafetensorsWriter _writer = new(new Dictionary<string, string> { ["format"] = "pt" });
    private readonly HashSet<string> _added = [];
    private readonly TensorNames _names;
    private readonly WeightType _type;
    private readonly AffineScheme? _affine;
    private readonly WriteProgress _progress;
    private readonly int _threads;

    private ModelTensors(TensorNames names, HuggingFaceExportOptions options, WriteProgress progress, int threads)
    {
        _threads = threads;
        _names = names;
        _type = options.WeightType;
        _affine = options.Affine;
        _progress = progress;
    }

    /// <summary>The tensors of all layers; nothing is read before the writer is told to save.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">What the file says that it is.</param>
    /// <param name="names">The format's names.</param>
    /// <param name="options">How the numbers are stored; those of running statistics are always F32.</param>
    /// <param name="progress">Told what is written.</param>
    /// <param name="order">For a layer's name the rows of the model in the file's order, or null for as they are.</param>
    public static SafetensorsWriter Of(Transformer model, ModelConfig config, TensorNames names, HuggingFaceExportOptions options, WriteProgress progress, Func<string, int[]?> order)
    {
        ModelTensors tensors = new(names, options, progress, model.Device.Threads);
        foreach (ModelLayer layer in ModelLayer.Of(config)) tensors.Add(layer, model.LayerOf(layer.Name), order(layer.Name));
        return tensors._writer;
    }

    /// <summary>As <see cref="Of"/>, under the model's own names, each of which must find its place.</summary>
    /// <exception cref="NotSupportedException">The model has a tensor that belongs to no layer of its configuration.</exception>
    public static SafetensorsWriter Own(Transformer model, HuggingFaceExportOptions options, WriteProgress progress)
    {
        ModelTensors tensors = new(FormatTensorNames.Heed, options, progress, model.Device.Threads);
        foreach (ModelLayer layer in ModelLayer.Of(model.Config)) tensors.Add(layer, model.LayerOf(layer.Name), order: null);
        string[] lost = [.. model.Parameters.Concat(model.Buffers).Select(parameter => parameter.Name).Where(name => !tensors._added.Contains(name))];
        return lost.Length == 0
            ? tensors._writer
            : throw new NotSupportedException($"ModelFolder: the model has tensors that its configuration has no place for: {string.Join(", ", lost)}.");
    }

    private void Add(ModelLayer layer, object source, int[]? order)
    {
        string[] parts = _names.PartsOf(layer.Name);
        long[] sizes = parts.Length == layer.Parts.Length ? layer.Parts : [layer.Rows];
        int first = 0;
        for (int i = 0; i < parts.Length; first += (int)sizes[i++])
            Add(new Part(parts[i], first, (int)sizes[i], (int)layer.Columns, order, _names.Transposes(layer)), source);
    }

    private void Add(Part part, object source)
    {
        float offset = _names.NormsLessOne ? -1 : 0;
        switch (source)
        {
            case RmsNorm norm:
                AddVector(part, "weight", norm.Weight, offset);
                break;
            case LayerNorm norm:
                AddVector(part, "weight", norm.Weight, offset);
                AddVector(part, "bias", norm.Bias, 0);
                break;
            case BatchNorm norm:
                AddVector(part, "weight", norm.Weight, offset);
                AddVector(part, "bias", norm.Bias, 0);
                // Training rounds the weights to the file's type, but not these.
                AddVector(part, WeightNames.RunningMean, norm.RunningMean, 0, WeightType.F32);
                AddVector(part, WeightNames.RunningVariance, norm.RunningVariance, 0, WeightType.F32);
                break;
            case Linear or Embedding when IsAffine(part, source):
                AddAffine(part, source, _affine!.Value);
                break;
            case Linear linear:
                AddMatrix(part, LayerRows.Of(linear));
                AddVector(part, "bias", LayerRows.BiasOf(linear), 0);
                break;
            case Embedding embedding:
                AddMatrix(part, LayerRows.Of(embedding));
                break;
            case Tensor plain:
                AddPlain(part, plain);
                break;
        }
    }

    /// <summary>A tensor of the layer's own name, as it is.</summary>
    private void AddPlain(Part part, Tensor tensor) => Add(part.Name, _type, [.. tensor.Shape.ToArray().Select(size => (long)size)], pieces => pieces.Write(tensor.ToArray()));

    private void AddMatrix(Part part, LayerRows.Reader read)
    {
        string name = part.Name + ".weight";
        Add(name, _type, part.Transposed ? [part.Columns, part.Rows] : [part.Rows, part.Columns], pieces =>
        {
            if (part.Transposed)
            {
                WriteColumns(pieces, part, read);
                return;
            }
            float[] piece = new float[RowsPerWrite * part.Columns];
            for (int done = 0; done < part.Rows; done += RowsPerWrite)
            {
                int count = Math.Min(RowsPerWrite, part.Rows - done);
                for (int i = 0; i < count; i++) read(part.Row(done + i), piece.AsSpan(i * part.Columns, part.Columns));
                pieces.Write(piece.AsSpan(0, count * part.Columns));
            }
        });
    }

    private static void WriteColumns(StoredPieces pieces, Part part, LayerRows.Reader read)
    {
        float[] all = new float[checked(part.Rows * part.Columns)], row = new float[part.Columns];
        for (int i = 0; i < part.Rows; i++)
        {
            read(part.Row(i), row);
            for (int j = 0; j < row.Length; j++) all[j * part.Rows + i] = row[j];
        }
        pieces.Write(all);
    }

    private void AddVector(Part part, string tensor, Tensor? values, float offset, WeightType? type = null)
    {
        if (values is null) return;
        Add($"{part.Name}.{tensor}", type ?? _type, [part.Rows], pieces =>
        {
            float[] all = values.ToArray();
            float[] piece = new float[part.Rows];
            for (int i = 0; i < piece.Length; i++) piece[i] = all[part.Row(i)] + offset;
            pieces.Write(piece);
        });
    }

    private void Add(string name, WeightType type, long[] shape, Action<StoredPieces> write)
    {
        _added.Add(name);
        _progress.Expect(shape.Aggregate(1L, (count, size) => count * size));
        _writer.Add(name, type, shape, stream => write(new StoredPieces(stream, type, name, _progress)));
    }

    /// <summary>Some rows of a layer that are a tensor of the file.</summary>
    private sealed record Part(string Name, int First, int Rows, int Columns, int[]? Order, bool Transposed)
    {
        /// <summary>The layer's row that is row <paramref name="i"/> of the file.</summary>
        public int Row(int i) => Order is null ? First + i : Order[First + i];
    }
}
