using Heed.Formats;

namespace Heed.Models.Checkpoints;

/// <summary>
/// Writes any model as a folder that <see cref="Checkpoint.Open"/> takes: a Hugging Face folder where one of its families
/// can say what the model is (<see cref="HuggingFaceExport"/>), and one of Heed's own format otherwise.
/// </summary>
/// <remarks>
/// The own format has the same files. Its config.json says "model_type": "heed" and holds all properties of
/// <see cref="ModelConfig"/>; its tensors have the names of <see cref="WeightNames"/>, with running statistics in F32.
/// </remarks>
public static class ModelFolder
{
    private const string Prefix = "HuggingFaceExport: ";

    /// <summary>
    /// Writes <paramref name="model"/> to <paramref name="folder"/>, which is made if it is absent. The files appear there
    /// under their names only once all of them are complete; files of the same names are replaced, others stay.
    /// </summary>
    /// <param name="model">Any model, trained here or loaded.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="options">The weights' type, and token ids for the configuration; F32 and none if null.</param>
    /// <param name="progress">Told the share of the numbers that is written, 0 to 1.</param>
    /// <param name="cancellation">Ends it within the time of some rows; nothing stays.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="NotSupportedException">The model has adapters that are not merged, or a number that the weights' type cannot hold. Nothing is written.</exception>
    /// <exception cref="ArgumentException">The weights' type is none of F32, F16 and BF16, or a setting of the model is no finite number.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there stays.</exception>
    public static void Write(Transformer model, string folder, HuggingFaceExportOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new HuggingFaceExportOptions();
        if (options.Affine is null && WhyOwnFormat(model.Config) is null)
        {
            HuggingFaceExport.Write(model, folder, options, progress, cancellation);
            return;
        }
        HuggingFaceExport.CheckWritable(model, options);
        byte[] json = HeedConfig.Write(model.Config, options);
        SafetensorsWriter tensors = ModelTensors.Own(model, options, new WriteProgress(progress, cancellation));
        HuggingFaceExport.WriteFiles(folder, tensors, json, options);
    }

    /// <summary>Checks that models of a configuration can be written and read again, before one is trained in vain.</summary>
    /// <exception cref="ArgumentException">The configuration does not make a model, or a setting is no finite number.</exception>
    public static void Check(ModelConfig config)
    {
        if (WhyOwnFormat(config) is not null) HeedConfig.Write(config, new HuggingFaceExportOptions());
    }

    /// <summary>What no Hugging Face family can say of a configuration, so that its models have Heed's own format; null where one can say all of it.</summary>
    /// <exception cref="ArgumentException">The configuration does not make a model.</exception>
    public static string? WhyOwnFormat(ModelConfig config)
    {
        try
        {
            HuggingFaceExport.CheckExportable(config);
            return null;
        }
        catch (NotSupportedException error)
        {
            return error.Message.StartsWith(Prefix, StringComparison.Ordinal) ? error.Message[Prefix.Length..] : error.Message;
        }
    }
}
