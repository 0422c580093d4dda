using System.Globalization;
using Heed.Cli.Learning;
using Heed.Formats;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Cli.Converting;

/// <summary>Writes a checkpoint's model in another form, and says what became of it.</summary>
/// <param name="checkpoint">The model.</param>
/// <param name="tokenizerPath">A tokenizer's file instead of the model's own, or null.</param>
/// <param name="threads">How many threads; all cores if 0.</param>
/// <param name="terminal">Told about it.</param>
internal sealed class Conversion(Checkpoint checkpoint, string? tokenizerPath, int threads, Terminal terminal)
{
    private const double BytesPerMebibyte = 1 << 20;
    private const int MostNamed = 4;

    public void Write(OutputPath output, QuantizationRecipe recipe, ImportanceMatrix? importance, CancellationToken cancellation)
    {
        switch (output.Kind)
        {
            case OutputKind.Gguf:
                WriteGguf(output.Path, recipe, importance, cancellation);
                break;
            case OutputKind.Llama2c:
                WriteLlama2c(output.Path, recipe, cancellation);
                break;
            default:
                WriteFolder(output.Path, recipe, cancellation);
                break;
        }
    }

    private void WriteGguf(string path, QuantizationRecipe recipe, ImportanceMatrix? importance, CancellationToken cancellation)
    {
        GgufKeys keys = GgufTokenizerKeys.Of(checkpoint, tokenizerPath);
        GgufExportReport report;
        using (ProgressLine progress = new(terminal, "writing"))
            report = GgufExport.Write(checkpoint, path, new GgufExportOptions
            {
                Recipe = recipe,
                Importance = importance,
                Keys = keys,
                ModelName = NameOf(checkpoint),
                Threads = threads,
                Progress = progress,
            }, cancellation);
        NoteFallbacks(report, recipe);
        terminal.Note(string.Create(CultureInfo.InvariantCulture,
            $"{path}: {recipe.Name}, {report.BitsPerWeight:F2} bits per weight, {report.FileBytes / BytesPerMebibyte:F1} MiB (the weights were {checkpoint.WeightBytes / BytesPerMebibyte:F1} MiB)."));
    }

    private void WriteLlama2c(string path, QuantizationRecipe recipe, CancellationToken cancellation)
    {
        if (recipe.Type != WeightType.F32) throw new CommandException($"{path}: llama2.c's files hold f32, not {recipe.Name}; expected --type f32, or a path that ends with .gguf.", ExitCodes.Usage);
        using (ProgressLine progress = new(terminal, "writing")) Llama2cExport.Write(checkpoint, path, progress, cancellation);
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, string.Create(CultureInfo.InvariantCulture, $"tok{checkpoint.Config.VocabSize}.bin"));
        try
        {
            LanguageModel.LoadTokenizer(checkpoint, tokenizerPath).SaveLlama2c(beside);
            terminal.Note($"the model is in {path}, its tokenizer in {beside}.");
        }
        catch (NotSupportedException error)
        {
            terminal.Note($"the model is in {path}, without a tokenizer: {error.Message}");
        }
    }

    /// <summary>Writes a folder of Heed's own with affine 8-bit numbers.</summary>
    public void WriteAffine(OutputPath output, AffineScheme scheme, string name, CancellationToken cancellation)
    {
        if (output.Kind != OutputKind.Folder)
            throw new CommandException($"{output.Path}: this format has no affine 8-bit numbers; expected a folder for {name}, or another --type.", ExitCodes.Usage);
        terminal.Note("the folder will be in Heed's own format, which heed reads and others do not: no other has affine 8-bit numbers with a zero point.");
        WriteFolder(output.Path, WeightType.F32, scheme, cancellation);
    }

    private void WriteFolder(string folder, QuantizationRecipe recipe, CancellationToken cancellation)
    {
        if (!recipe.IsPlain) throw new CommandException($"{folder}: a folder of safetensors holds f32, f16 or bf16, not {recipe.Name}; expected one of these, an affine type, or a path that ends with .gguf.", ExitCodes.Usage);
        OwnFormat.Check(checkpoint.Config, terminal);
        WriteFolder(folder, recipe.Type, affine: null, cancellation);
    }

    private void WriteFolder(string folder, WeightType type, AffineScheme? affine, CancellationToken cancellation)
    {
        Tokenizer tokenizer = LanguageModel.LoadTokenizer(checkpoint, tokenizerPath);
        HuggingFaceExportOptions options = ExportOptions.Of(tokenizer, SamplingSettings.Of(checkpoint), type) with { Affine = affine };
        using Device? device = threads > 0 ? Device.CreateCpu(threads) : null;
        Transformer model = new(checkpoint.Config, checkpoint.Weights(device, WeightForm.Exact, cancellation: cancellation));
        using (ProgressLine progress = new(terminal, "writing")) ModelFolder.Write(model, folder, options, progress, cancellation);
        string? source = tokenizerPath ?? (checkpoint.Format is CheckpointFormat.HuggingFace or CheckpointFormat.Heed ? checkpoint.Path : null);
        TokenizerFiles.Write(folder, tokenizer, source);
        long bytes = Directory.EnumerateFiles(folder, "*.safetensors").Sum(file => new FileInfo(file).Length);
        terminal.Note(string.Create(CultureInfo.InvariantCulture,
            $"the model is in {folder}: {bytes / BytesPerMebibyte:F1} MiB (the weights were {checkpoint.WeightBytes / BytesPerMebibyte:F1} MiB)."));
    }

    private void NoteFallbacks(GgufExportReport report, QuantizationRecipe recipe)
    {
        foreach (IGrouping<(WeightType Wanted, WeightType Type, long Columns), GgufTensorReport> group in report.Fallbacks.GroupBy(tensor => (tensor.Wanted, tensor.Type, tensor.Shape[^1])))
        {
            string[] names = [.. group.Select(tensor => tensor.Name)];
            string list = names.Length > MostNamed ? $"{string.Join(", ", names.Take(MostNamed - 1))} and {names.Length - MostNamed + 1} more" : string.Join(", ", names);
            terminal.Note($"{recipe.Name} has {group.Key.Wanted} for these, whose rows of {group.Key.Columns} are no whole number of its blocks; they are {group.Key.Type} instead: {list}.");
        }
    }

    private static string NameOf(Checkpoint checkpoint)
    {
        if (checkpoint.Gguf is { } gguf && gguf.Metadata.TryGetString("general.name", out string? name)) return name;
        return Path.GetFileNameWithoutExtension(Path.GetFullPath(checkpoint.Path).TrimEnd(Path.DirectorySeparatorChar));
    }
}
