namespace Heed.Models.Checkpoints;

/// <summary>What an export writes besides the model itself.</summary>
public sealed record HuggingFaceExportOptions
{
    /// <summary>How the weights are stored: F32, or F16 or BF16, rounded to the nearest, ties to even.</summary>
    public WeightType WeightType { get; init; } = WeightType.F32;

    /// <summary>The token that begins a text, or null.</summary>
    public int? BosToken { get; init; }

    /// <summary>The tokens that end a text.</summary>
    public IReadOnlyList<int> EosTokens { get; init; } = [];

    /// <summary>The token that fills up a batch, or null.</summary>
    public int? PadToken { get; init; }
}
