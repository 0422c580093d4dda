using System.Text.RegularExpressions;
using Heed.Formats;
using Heed.Inference;
using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Cli.Inspection;

/// <summary>Gathers what can be said about a model.</summary>
internal static partial class ModelInspector
{
    private const int PreviewLength = 60;

    /// <summary>Opens the model, reads everything but its weights, and closes it again.</summary>
    public static ModelSummary Inspect(string path, string? tokenizerPath, string sampleText)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        (Tokenizer? tokenizer, string? problem) = LoadTokenizer(checkpoint, tokenizerPath);
        IReadOnlyList<StoredTensor> tensors = checkpoint.Files.Tensors;
        return new ModelSummary
        {
            Path = path,
            Format = FormatOf(checkpoint),
            Config = checkpoint.Config,
            FileBytes = FileBytes(path, checkpoint),
            Tensors = tensors,
            Groups = [.. tensors
                .GroupBy(tensor => (Name: LayerNumber().Replace(tensor.Name, "N"), Type: TypeOf(tensor), Shape: ShapeOf(tensor)))
                .Select(group => new TensorGroup(group.Key.Name, group.Key.Type, group.Key.Shape, group.Count(), group.Sum(tensor => tensor.ByteLength)))],
            Types = [.. tensors.GroupBy(TypeOf)
                .Select(group => new TypeTotal(group.Key, group.Count(), group.Sum(tensor => tensor.ElementCount), group.Sum(tensor => tensor.ByteLength)))
                .OrderByDescending(total => total.Bytes)],
            Memory = MemoryNeed.Of(checkpoint.Config, tensors),
            Tokenizer = tokenizer,
            TokenizerProblem = problem,
            ChatFormat = tokenizer is null ? null : ChatFormat.Detect(tokenizer, TemplateOf(checkpoint, tokenizer)),
            SampleText = sampleText,
            Sample = tokenizer is null ? [] : [.. tokenizer.Encode(sampleText).Select(id => new SampleToken(id, tokenizer.TokenText(id)))],
            Metadata = checkpoint.Gguf is { } gguf
                ? [.. gguf.Metadata.Keys.Select(key => KeyValuePair.Create(key, gguf.Metadata.Preview(key, PreviewLength)))]
                : [],
        };
    }

    public static string ShapeOf(StoredTensor tensor) => $"[{string.Join(", ", tensor.Shape)}]";

    public static string TypeOf(StoredTensor tensor) => tensor.GroupSize > 0 ? $"{tensor.Type}, groups of {tensor.GroupSize}" : tensor.Type.ToString();

    private static (Tokenizer? Tokenizer, string? Problem) LoadTokenizer(Checkpoint checkpoint, string? path)
    {
        try
        {
            return (LanguageModel.LoadTokenizer(checkpoint, path), null);
        }
        catch (Exception e) when (path is null && e is FileFormatException or IOException or NotSupportedException)
        {
            return (null, e.Message);
        }
    }

    private static string? TemplateOf(Checkpoint checkpoint, Tokenizer tokenizer) =>
        checkpoint.ChatTemplatePath is { } file ? File.ReadAllText(file) : tokenizer.ChatTemplate;

    private static string FormatOf(Checkpoint checkpoint) => checkpoint.Format switch
    {
        CheckpointFormat.Gguf => $"GGUF version {checkpoint.Gguf!.Version}",
        CheckpointFormat.HuggingFace => "Hugging Face (safetensors)",
        CheckpointFormat.Heed => "Heed's own (safetensors)",
        CheckpointFormat.Meta => "Meta (PyTorch)",
        _ => "llama2.c",
    };

    private static long FileBytes(string path, Checkpoint checkpoint)
    {
        if (File.Exists(path)) return new FileInfo(path).Length;
        string pattern = checkpoint.Format == CheckpointFormat.Meta ? "consolidated.*.pth" : "*.safetensors";
        return Directory.EnumerateFiles(path, pattern).Sum(file => new FileInfo(file).Length);
    }

    [GeneratedRegex(@"(?<=\.)\d+(?=\.)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LayerNumber();
}
