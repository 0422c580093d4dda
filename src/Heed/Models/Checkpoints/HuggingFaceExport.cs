using System.Globalization;
using System.Runtime.InteropServices;
using Heed.Formats;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>
/// Writes a model as a Hugging Face folder: config.json, generation_config.json and model.safetensors in float32, with
/// half-split rotary rows and the family's own tensors, so that transformers and others can load it.
/// </summary>
public static class HuggingFaceExport
{
    private const int RowsPerWrite = 64;

    /// <summary>
    /// Writes <paramref name="model"/> to <paramref name="folder"/>, which is made if it is absent. The files appear there
    /// under their names only once all of them are complete; files of the same names are replaced, others stay.
    /// </summary>
    /// <param name="model">Any model of the families llama, mistral, qwen2, qwen3, phi3 and gemma2, trained here or loaded.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="options">Token ids for the configuration; none if null.</param>
    /// <exception cref="NotSupportedException">No family has such a configuration; the message says what does not fit. Nothing is written.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there stays.</exception>
    public static void Write(Transformer model, string folder, HuggingFaceExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new HuggingFaceExportOptions();
        ModelConfig config = HuggingFaceFamily.Choose(model.Config);
        Directory.CreateDirectory(folder);
        string mark = $".{Guid.NewGuid():N}.tmp";
        string[] names = [ShardedSafetensors.SingleName, "generation_config.json", PathProbe.HuggingFaceName];
        try
        {
            File.WriteAllBytes(Temporary(names[2]), HuggingFaceConfigWriter.Config(config, options));
            HuggingFaceFamily.CheckReadBack(config, Temporary(names[2]));
            File.WriteAllBytes(Temporary(names[1]), HuggingFaceConfigWriter.GenerationConfig(options));
            Tensors(model, config).Save(Temporary(names[0]));
            foreach (string name in names) File.Move(Temporary(name), Path.Combine(folder, name), overwrite: true);
        }
        finally
        {
            foreach (string name in names) File.Delete(Temporary(name));
        }

        string Temporary(string name) => Path.Combine(folder, name + mark);
    }

    private static SafetensorsWriter Tensors(Transformer model, ModelConfig config)
    {
        TensorNames names = HuggingFaceConfig.Names(config, _ => false);
        SafetensorsWriter writer = new(new Dictionary<string, string> { ["format"] = "pt" });
        foreach (ModelLayer layer in ModelLayer.Of(config))
        {
            object source = Find(model, layer.Name);
            string[] parts = names.PartsOf(layer.Name);
            long[] sizes = parts.Length == layer.Parts.Length ? layer.Parts : [layer.Rows];
            int[]? order = Order(model.Config, layer.Name);
            int first = 0;
            for (int i = 0; i < parts.Length; first += (int)sizes[i++])
                Add(writer, parts[i], layer, source, order, first, (int)sizes[i], names.NormsLessOne ? -1 : 0);
        }
        return writer;
    }

    private static void Add(SafetensorsWriter writer, string name, ModelLayer layer, object source, int[]? order, int first, int rows, float offset)
    {
        Tensor? weight = null, bias = null;
        switch (source)
        {
            case RmsNorm norm: weight = norm.Weight; break;
            case Linear linear:
                AddMatrix(LayerRows.Of(linear));
                bias = LayerRows.BiasOf(linear);
                offset = 0;
                break;
            case Embedding embedding: AddMatrix(LayerRows.Of(embedding)); break;
        }
        if (weight is not null) AddVector(name + ".weight", weight);
        if (bias is not null) AddVector(name + ".bias", bias);

        void AddMatrix(LayerRows.Reader read) => writer.Add(name + ".weight", WeightType.F32, [rows, layer.Columns], stream =>
        {
            int columns = (int)layer.Columns;
            float[] piece = new float[RowsPerWrite * columns];
            for (int done = 0; done < rows; done += RowsPerWrite)
            {
                int count = Math.Min(RowsPerWrite, rows - done);
                for (int i = 0; i < count; i++) read(Row(first + done + i), piece.AsSpan(i * columns, columns));
                stream.Write(MemoryMarshal.AsBytes(piece.AsSpan(0, count * columns)));
            }
        });

        void AddVector(string tensor, Tensor values) => writer.Add(tensor, WeightType.F32, [rows], stream =>
        {
            float[] all = values.ToArray();
            float[] piece = new float[rows];
            for (int i = 0; i < rows; i++) piece[i] = all[Row(first + i)] + offset;
            stream.Write(MemoryMarshal.AsBytes(piece.AsSpan()));
        });

        int Row(int row) => order is null ? row : order[row];
    }

    // Queries' and keys' rows turn from the interleaved to the half-split layout; values stay.
    private static int[]? Order(ModelConfig config, string layer)
    {
        if (config.RopeLayout == RopeLayout.HalfSplit) return null;
        if (layer.EndsWith(WeightNames.QueryNorm, StringComparison.Ordinal) || layer.EndsWith(WeightNames.KeyNorm, StringComparison.Ordinal))
            return RopePermutation.ToHalfSplit(1, config.HeadSize, config.RotarySize);
        if (!layer.EndsWith(WeightNames.Qkv, StringComparison.Ordinal)) return null;
        int[] turned = RopePermutation.ToHalfSplit(config.NumHeads + config.KvHeads, config.HeadSize, config.RotarySize);
        return [.. turned, .. Enumerable.Range(turned.Length, config.KvHeads * config.HeadSize)];
    }

    private static object Find(Transformer model, string layer)
    {
        switch (layer)
        {
            case WeightNames.Embedding: return model.Embedding;
            case WeightNames.FinalNorm: return model.FinalNorm;
            case WeightNames.Output: return model.Output;
        }
        string[] parts = layer.Split('.', 3);
        TransformerBlock block = model.Blocks[int.Parse(parts[1], CultureInfo.InvariantCulture)];
        return parts[2] switch
        {
            WeightNames.AttentionNorm => block.AttentionNorm,
            WeightNames.Qkv => block.Attention.Qkv,
            WeightNames.QueryNorm => block.Attention.QueryNorm!,
            WeightNames.KeyNorm => block.Attention.KeyNorm!,
            WeightNames.AttentionOutput => block.Attention.Output,
            WeightNames.AttentionPostNorm => block.AttentionPostNorm!,
            WeightNames.FeedForwardNorm => block.FeedForwardNorm,
            WeightNames.Up => block.FeedForward.Up,
            WeightNames.Down => block.FeedForward.Down,
            WeightNames.FeedForwardPostNorm => block.FeedForwardPostNorm!,
            _ => throw new NotSupportedException($"Hugging Face's format has no place for the layer '{layer}'."),
        };
    }
}
