using Heed.Distributed;
using Heed.Models.Checkpoints;

namespace Heed.Inference;

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>The number of threads that load the weights and compute; 0 for all cores.</summary>
    public int Threads { get; init; }

    /// <summary>The longest sequence of a generation; 0 for what the model was made for. Bounds its memory; the model's configuration stays as it is.</summary>
    public int MaxSeqLen { get; init; }

    /// <summary>In what form the weights are held; <see cref="WeightForm.Exact"/> where no input of a quantized layer may be rounded.</summary>
    public WeightForm Weights { get; init; } = WeightForm.Fast;

    /// <summary>What keys and values are rounded to when a generation stores them: F16 takes half of F32's memory, Q8_0 about a quarter.</summary>
    public KvCacheType CacheType { get; init; }

    /// <summary>A tokenizer file to use instead of the model's own; needed where the model brings none.</summary>
    public string? TokenizerPath { get; init; }

    /// <summary>A chat template (Jinja) to use instead of the model's own; empty for the built-in format that the vocabulary's markers tell of; null for the model's.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>A folder with LoRA adapters for the model in PEFT's layout, or null for none.</summary>
    public string? AdapterPath { get; init; }

    /// <summary>
    /// A file, or a folder of such files, for the weights in the order in which they are multiplied, or null for none: the first load
    /// writes it, the next ones map it, and processes share its memory. A file that the model has outgrown is written anew.
    /// Needs <see cref="WeightForm.Fast"/>.
    /// </summary>
    public string? RepackedPath { get; init; }

    /// <summary>
    /// The ranks that share the model's matrices (tensor parallelism), or null for this process alone. All of them load the same model, and then
    /// write the same texts in the same order; one text at a time. Not disposed of with the model.
    /// </summary>
    public ICommunicator? Ranks { get; init; }

    /// <summary>Told how much of the weights is loaded, 0 to 1; from any thread.</summary>
    public IProgress<double>? Progress { get; init; }
}
