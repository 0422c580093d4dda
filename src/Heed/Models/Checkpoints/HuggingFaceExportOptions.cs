using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>What an export writes besides the model itself.</summary>
public sealed record HuggingFaceExportOptions
{
    /// <summary>How the weights are stored: F32, or F16 or BF16, rounded to the nearest, ties to even.</summary>
    public WeightType WeightType { get; init; } = WeightType.F32;

    /// <summary>
    /// How matrices become affine 8-bit numbers, or null for plain ones; only <see cref="ModelFolder"/> can write them, in Heed's own
    /// format. What is no matrix has <see cref="WeightType"/>, as have matrices whose rows are no multiple of 32.
    /// </summary>
    public AffineScheme? Affine { get; init; }

    /// <summary>The token that begins a text, or null.</summary>
    public int? BosToken { get; init; }

    /// <summary>The tokens that end a text.</summary>
    public IReadOnlyList<int> EosTokens { get; init; } = [];

    /// <summary>
    /// What generation_config.json recommends besides the tokens, by its own names: "temperature", "top_p", "top_k", "min_p",
    /// "repetition_penalty", …
    /// </summary>
    public IReadOnlyDictionary<string, double> Sampling { get; init; } = new Dictionary<string, double>();

    /// <summary>The token that fills up a batch, or null.</summary>
    public int? PadToken { get; init; }
}
