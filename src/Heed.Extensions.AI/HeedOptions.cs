using Heed.Inference;
using Heed.Models.Checkpoints;

namespace Heed.Extensions.AI;

/// <summary>Which model a container's services use, and how; may be bound to configuration.</summary>
public sealed class HeedOptions
{
    /// <summary>A GGUF file, a Hugging Face folder, a Meta checkpoint or a llama2.c file. Must be given.</summary>
    public string ModelPath { get; set; } = "";

    /// <summary>The name that the model goes by in requests, responses, metrics and traces; null for its file's or folder's name.</summary>
    public string? ModelId { get; set; }

    /// <summary>The number of threads that compute; 0 for all cores.</summary>
    public int Threads { get; set; }

    /// <summary>The most tokens of a prompt and its answer together; 0 for what the model was made for.</summary>
    public int ContextLength { get; set; }

    /// <summary>What keys and values are rounded to when they are stored.</summary>
    public KvCacheType CacheType { get; set; }

    /// <summary>In what form the weights are held.</summary>
    public WeightForm Weights { get; set; } = WeightForm.Fast;

    /// <summary>A tokenizer's file to use instead of the model's own, or null.</summary>
    public string? TokenizerPath { get; set; }

    /// <summary>A folder with LoRA adapters in PEFT's layout, or null.</summary>
    public string? AdapterPath { get; set; }

    /// <summary>A file or folder for the weights in the order in which they are multiplied, written once and mapped from then on; or null.</summary>
    public string? RepackedPath { get; set; }

    /// <summary>The most tokens of an answer whose request does not say; null for as many as the context holds.</summary>
    public int? MaxOutputTokens { get; set; }

    /// <summary>Of how many of the latest chats what was read is kept, so that of a chat that goes on only what is new is read. Each takes the memory of its keys and values.</summary>
    public int KeptChats { get; set; } = 1;

    /// <summary>How a text's tokens become one vector; null for what suits the model.</summary>
    public EmbeddingPooling? Pooling { get; set; }

    /// <summary>Whether vectors have the length 1.</summary>
    public bool NormalizeEmbeddings { get; set; } = true;

    /// <summary>Whether a text that is longer than the context loses its end on the way to a vector; otherwise it is an error.</summary>
    public bool TruncateEmbeddings { get; set; }

    /// <summary>Whether traces and logs may hold what is said: prompts, answers, calls of tools. Off, they never do.</summary>
    public bool EnableSensitiveData { get; set; }

    internal string Name => !string.IsNullOrWhiteSpace(ModelId) ? ModelId : NameOf(ModelPath);

    internal LoadOptions Loading => new()
    {
        Threads = Threads,
        MaxSeqLen = ContextLength,
        CacheType = CacheType,
        Weights = Weights,
        TokenizerPath = TokenizerPath,
        AdapterPath = AdapterPath,
        RepackedPath = RepackedPath,
    };

    private static string NameOf(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Directory.Exists(full) ? Path.GetFileName(full) : Path.GetFileNameWithoutExtension(full);
    }
}
