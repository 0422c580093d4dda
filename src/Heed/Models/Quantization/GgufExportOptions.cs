using Heed.Formats;

namespace Heed.Models.Quantization;

/// <summary>What a GGUF file is to hold, and how it is made.</summary>
public sealed record GgufExportOptions
{
    /// <summary>Which type each matrix gets; F16 if null.</summary>
    public QuantizationRecipe? Recipe { get; init; }

    /// <summary>How much each column of each matrix counts, measured on a text; null for all alike.</summary>
    public ImportanceMatrix? Importance { get; init; }

    /// <summary>Further keys, such as the tokenizer's (GgufTokenizerKeys); those that describe the model are added to them. Null for none.</summary>
    public GgufKeys? Keys { get; init; }

    /// <summary>The model's name for general.name, or null.</summary>
    public string? ModelName { get; init; }

    /// <summary>How many threads; all cores if 0.</summary>
    public int Threads { get; init; }

    /// <summary>Told the share of the numbers that is written, 0 to 1.</summary>
    public IProgress<double>? Progress { get; init; }
}
