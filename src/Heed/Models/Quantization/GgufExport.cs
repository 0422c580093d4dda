using Heed.Kernels;
using Heed.Models.Checkpoints;

namespace Heed.Models.Quantization;

/// <summary>
/// Writes models as GGUF files, with plain or quantized weights, for this library, llama.cpp and its relatives. No more than
/// some rows of one matrix are in memory at a time.
/// </summary>
/// <example><code>
/// using Checkpoint checkpoint = Checkpoint.Open("model-folder");
/// QuantizationRecipe.TryFind("q4_k_m", out QuantizationRecipe? recipe);
/// GgufExport.Write(checkpoint, "model.gguf", new GgufExportOptions { Recipe = recipe });
/// </code></example>
public static class GgufExport
{
    /// <summary>
    /// Writes a checkpoint's model. Matrices that are stored in the wanted type already are copied as they are. The file appears
    /// under its name only once it is complete; one of that name is replaced.
    /// </summary>
    /// <param name="checkpoint">Any checkpoint whose model has a GGUF architecture.</param>
    /// <param name="path">Where to; must not be one of the checkpoint's own files.</param>
    /// <param name="options">The types and keys; F16 without a tokenizer if null.</param>
    /// <param name="cancellation">Ends it within the time of some rows; nothing stays.</param>
    /// <exception cref="NotSupportedException">No GGUF architecture can say what the model is; the message says what does not fit.</exception>
    /// <exception cref="ArithmeticException">A weight is NaN, infinite or too large for its type; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there stays.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static GgufExportReport Write(Checkpoint checkpoint, string path, GgufExportOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return Write(new CheckpointRows(checkpoint), path, options, cancellation);
    }

    /// <summary>Writes a model in memory, LoRA adapters merged into it; as <see cref="Write(Checkpoint, string, GgufExportOptions?, CancellationToken)"/>.</summary>
    public static GgufExportReport Write(Transformer model, string path, GgufExportOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Write(new TransformerRows(model), path, options, cancellation);
    }

    private static GgufExportReport Write(IModelRows rows, string path, GgufExportOptions? options, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new GgufExportOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        GgufFamily family = GgufFamily.Choose(rows.Config);
        using WorkerPool pool = new(options.Threads > 0 ? options.Threads : Environment.ProcessorCount);
        GgufTensors tensors = new(rows, family, options, pool, cancellation);
        tensors.Writer.Save(path, temporary => CheckReadBack(family, temporary));
        return new GgufExportReport(tensors.Report, new FileInfo(path).Length);
    }

    /// <summary>Opens the file whose numbers are still to come, so that nothing of the model is lost without a word.</summary>
    private static void CheckReadBack(GgufFamily family, string path)
    {
        string[] lost;
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            // An output matrix of zeros looks like the table's own.
            lost = HuggingFaceFamily.Differences(family.Config, checkpoint.Config with { TieEmbeddings = family.Config.TieEmbeddings });
        }
        catch (FileFormatException error)
        {
            throw new NotSupportedException($"GgufExport: no GGUF architecture has this configuration: {error.Message}", error);
        }
        if (lost.Length > 0) throw new NotSupportedException($"GgufExport: no GGUF architecture has this configuration: {string.Join("; ", lost)}.");
    }
}
