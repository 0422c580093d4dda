using Heed.Formats;

namespace Heed.Models.Checkpoints;

/// <summary>
/// Writes a model as a Hugging Face folder: config.json, generation_config.json and model.safetensors, with half-split
/// rotary rows and the family's own tensors, so that transformers and others can load it.
/// </summary>
public static class HuggingFaceExport
{
    /// <summary>
    /// Writes <paramref name="model"/> to <paramref name="folder"/>, which is made if it is absent. The files appear there
    /// under their names only once all of them are complete; files of the same names are replaced, others stay.
    /// </summary>
    /// <param name="model">Any model of the families llama, mistral, qwen2, qwen3, phi3, gemma2 and gpt2, trained here or loaded.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="options">The weights' type, and token ids for the configuration; F32 and none if null.</param>
    /// <param name="progress">Told the share of the numbers that is written, 0 to 1.</param>
    /// <param name="cancellation">Ends it within the time of some rows; nothing stays.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="NotSupportedException">
    /// No family has such a configuration, the message says what does not fit; or the model has adapters that are not merged.
    /// Nothing is written.
    /// </exception>
    /// <exception cref="ArgumentException">The weights' type is none of F32, F16 and BF16.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there stays.</exception>
    public static void Write(Transformer model, string folder, HuggingFaceExportOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new HuggingFaceExportOptions();
        CheckWritable(model, options);
        if (options.Affine is not null) throw new ArgumentException("HuggingFaceExport: Affine is set, and no Hugging Face family has such numbers; ModelFolder writes them in Heed's own format.", nameof(options));
        ModelConfig config = Checked(model.Config, options, out byte[] json);
        TensorNames names = HuggingFaceConfig.Names(config, _ => true);
        WriteFiles(folder, ModelTensors.Of(model, config, names, options, new WriteProgress(progress, cancellation), layer => Order(model.Config, layer)), json, options);
    }

    /// <summary>Checks that a Hugging Face family can say all that a configuration says, before a model is trained in vain.</summary>
    /// <exception cref="ArgumentException">The configuration does not make a model.</exception>
    /// <exception cref="NotSupportedException">No family has such a configuration; the message says what does not fit.</exception>
    public static void CheckExportable(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        Checked(config.Validate(), new HuggingFaceExportOptions(), out _);
    }

    /// <summary>Checks what holds for every format of folders.</summary>
    internal static void CheckWritable(Transformer model, HuggingFaceExportOptions options)
    {
        if (options.WeightType is not (WeightType.F32 or WeightType.F16 or WeightType.BF16))
            throw new ArgumentException($"HuggingFaceExport: WeightType is {options.WeightType}; expected F32, F16 or BF16.", nameof(options));
        if (model.Parameters.Any(parameter => parameter.IsAdapter))
            throw new NotSupportedException("HuggingFaceExport: the model has LoRA adapters, which its family has no place for; merge them with Lora.Merge(model), or write them alone with PeftAdapter.Write.");
    }

    /// <summary>Puts the folder's files in place.</summary>
    internal static void WriteFiles(string folder, SafetensorsWriter tensors, byte[] config, HuggingFaceExportOptions options) => FolderFiles.Write(folder,
        (ShardedSafetensors.SingleName, tensors.Save),
        ("generation_config.json", path => File.WriteAllBytes(path, HuggingFaceConfigWriter.GenerationConfig(options))),
        (PathProbe.HuggingFaceName, path => File.WriteAllBytes(path, config)));

    private static ModelConfig Checked(ModelConfig model, HuggingFaceExportOptions options, out byte[] json)
    {
        ModelConfig config = HuggingFaceFamily.Choose(model);
        json = HuggingFaceConfigWriter.Config(config, options);
        HuggingFaceFamily.CheckReadBack(config, json);
        return config;
    }

    // Queries' and keys' rows turn from the interleaved to the half-split layout; values stay.
    private static int[]? Order(ModelConfig config, string layer)
    {
        if (config.RopeLayout == RopeLayout.HalfSplit || config.Positions != PositionKind.Rotary) return null;
        if (layer.EndsWith(WeightNames.QueryNorm, StringComparison.Ordinal) || layer.EndsWith(WeightNames.KeyNorm, StringComparison.Ordinal))
            return RopePermutation.ToHalfSplit(1, config.HeadSize, config.RotarySize);
        if (!layer.EndsWith(WeightNames.Qkv, StringComparison.Ordinal)) return null;
        int[] turned = RopePermutation.ToHalfSplit(config.NumHeads + config.KvHeads, config.HeadSize, config.RotarySize);
        return [.. turned, .. Enumerable.Range(turned.Length, config.KvHeads * config.ValueHeadSize)];
    }
}
