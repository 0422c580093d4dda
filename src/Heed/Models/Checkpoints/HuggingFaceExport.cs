using Heed.Formats;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>
/// Writes a model as a Hugging Face folder: config.json, generation_config.json and model.safetensors, with half-split
/// rotary rows and the family's own tensors, so that transformers and others can load it.
/// </summary>
public static class HuggingFaceExport
{
    private const int RowsPerWrite = 64;

    /// <summary>
    /// Writes <paramref name="model"/> to <paramref name="folder"/>, which is made if it is absent. The files appear there
    /// under their names only once all of them are complete; files of the same names are replaced, others stay.
    /// </summary>
    /// <param name="model">Any model of the families llama, mistral, qwen2, qwen3, phi3, gemma2 and gpt2, trained here or loaded.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="options">The weights' type, and token ids for the configuration; F32 and none if null.</param>
    /// <exception cref="NotSupportedException">
    /// No family has such a configuration, the message says what does not fit; or the model has adapters that are not merged.
    /// Nothing is written.
    /// </exception>
    /// <exception cref="ArgumentException">The weights' type is none of F32, F16 and BF16.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there stays.</exception>
    public static void Write(Transformer model, string folder, HuggingFaceExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new HuggingFaceExportOptions();
        if (options.WeightType is not (WeightType.F32 or WeightType.F16 or WeightType.BF16))
            throw new ArgumentException($"HuggingFaceExport: WeightType is {options.WeightType}; expected F32, F16 or BF16.", nameof(options));
        if (model.Parameters.Any(parameter => parameter.IsAdapter))
            throw new NotSupportedException("HuggingFaceExport: the model has LoRA adapters, which its family has no place for; merge them with Lora.Merge(model), or write them alone with PeftAdapter.Write.");
        ModelConfig config = Checked(model.Config, options, out byte[] json);
        FolderFiles.Write(folder,
            (ShardedSafetensors.SingleName, path => Tensors(model, config, options.WeightType).Save(path)),
            ("generation_config.json", path => File.WriteAllBytes(path, HuggingFaceConfigWriter.GenerationConfig(options))),
            (PathProbe.HuggingFaceName, path => File.WriteAllBytes(path, json)));
    }

    /// <summary>Checks that a Hugging Face family can say all that a configuration says, before a model is trained in vain.</summary>
    /// <exception cref="ArgumentException">The configuration does not make a model.</exception>
    /// <exception cref="NotSupportedException">No family has such a configuration; the message says what does not fit.</exception>
    public static void CheckExportable(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        Checked(config.Validate(), new HuggingFaceExportOptions(), out _);
    }

    private static ModelConfig Checked(ModelConfig model, HuggingFaceExportOptions options, out byte[] json)
    {
        ModelConfig config = HuggingFaceFamily.Choose(model);
        json = HuggingFaceConfigWriter.Config(config, options);
        HuggingFaceFamily.CheckReadBack(config, json);
        return config;
    }

    private static SafetensorsWriter Tensors(Transformer model, ModelConfig config, WeightType type)
    {
        TensorNames names = HuggingFaceConfig.Names(config, _ => true);
        SafetensorsWriter writer = new(new Dictionary<string, string> { ["format"] = "pt" });
        foreach (ModelLayer layer in ModelLayer.Of(config))
        {
            object source = model.LayerOf(layer.Name);
            string[] parts = names.PartsOf(layer.Name);
            long[] sizes = parts.Length == layer.Parts.Length ? layer.Parts : [layer.Rows];
            int[]? order = Order(model.Config, layer.Name);
            int first = 0;
            for (int i = 0; i < parts.Length; first += (int)sizes[i++])
            {
                Part part = new(parts[i], first, (int)sizes[i], (int)layer.Columns, order, names.Transposes(layer));
                Add(writer, type, part, source, names.NormsLessOne ? -1 : 0);
            }
        }
        return writer;
    }

    private static void Add(SafetensorsWriter writer, WeightType type, Part part, object source, float offset)
    {
        switch (source)
        {
            case RmsNorm norm:
                AddVector(writer, type, part, ".weight", norm.Weight, offset);
                break;
            case LayerNorm norm:
                AddVector(writer, type, part, ".weight", norm.Weight, offset);
                AddVector(writer, type, part, ".bias", norm.Bias, 0);
                break;
            case Linear linear:
                AddMatrix(writer, type, part, LayerRows.Of(linear));
                AddVector(writer, type, part, ".bias", LayerRows.BiasOf(linear), 0);
                break;
            case Embedding embedding:
                AddMatrix(writer, type, part, LayerRows.Of(embedding));
                break;
        }
    }

    private static void AddMatrix(SafetensorsWriter writer, WeightType type, Part part, LayerRows.Reader read)
    {
        string name = part.Name + ".weight";
        writer.Add(name, type, part.Transposed ? [part.Columns, part.Rows] : [part.Rows, part.Columns], stream =>
        {
            StoredPieces pieces = new(stream, type, name);
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

    private static void AddVector(SafetensorsWriter writer, WeightType type, Part part, string ending, Tensor? values, float offset)
    {
        if (values is null) return;
        string name = part.Name + ending;
        writer.Add(name, type, [part.Rows], stream =>
        {
            float[] all = values.ToArray();
            float[] piece = new float[part.Rows];
            for (int i = 0; i < piece.Length; i++) piece[i] = all[part.Row(i)] + offset;
            new StoredPieces(stream, type, name).Write(piece);
        });
    }

    // Queries' and keys' rows turn from the interleaved to the half-split layout; values stay.
    private static int[]? Order(ModelConfig config, string layer)
    {
        if (config.RopeLayout == RopeLayout.HalfSplit || config.Positions != PositionKind.Rotary) return null;
        if (layer.EndsWith(WeightNames.QueryNorm, StringComparison.Ordinal) || layer.EndsWith(WeightNames.KeyNorm, StringComparison.Ordinal))
            return RopePermutation.ToHalfSplit(1, config.HeadSize, config.RotarySize);
        if (!layer.EndsWith(WeightNames.Qkv, StringComparison.Ordinal)) return null;
        int[] turned = RopePermutation.ToHalfSplit(config.NumHeads + config.KvHeads, config.HeadSize, config.RotarySize);
        return [.. turned, .. Enumerable.Range(turned.Length, config.KvHeads * config.HeadSize)];
    }

    /// <summary>Some rows of a layer that are a tensor of the file.</summary>
    private sealed record Part(string Name, int First, int Rows, int Columns, int[]? Order, bool Transposed)
    {
        /// <summary>The layer's row that is row <paramref name="i"/> of the file.</summary>
        public int Row(int i) => Order is null ? First + i : Order[First + i];
    }
}
