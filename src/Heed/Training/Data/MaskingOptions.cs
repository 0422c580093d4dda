namespace Heed.Training.Data;

/// <summary>What <see cref="MaskedBatches"/> hide; the defaults are BERT's (Devlin et al. 2018, arXiv 1810.04805).</summary>
public sealed record MaskingOptions
{
    /// <summary>The token that stands where another is to be found.</summary>
    public required int MaskToken { get; init; }

    /// <summary>The share of tokens that are to be predicted; above 0, at most 1.</summary>
    public double Share { get; init; } = 0.15;

    /// <summary>The share of these that become <see cref="MaskToken"/>.</summary>
    public double MaskedShare { get; init; } = 0.8;

    /// <summary>The share of these that become a random token; what is left stays as it is.</summary>
    public double RandomShare { get; init; } = 0.1;

    /// <summary>Tokens that are never to be predicted nor put anywhere, beside <see cref="MaskToken"/>: ends of texts, unknown ones.</summary>
    public IReadOnlyCollection<int> SpecialTokens { get; init; } = [];

    /// <summary>The same seed hides the same tokens.</summary>
    public ulong Seed { get; init; }
}
