namespace Heed.Inference;

/// <summary>How texts become vectors.</summary>
public sealed record EmbeddingOptions
{
    /// <summary>How a text's tokens become one vector; null for the mean where the model sees both ways, else the last token.</summary>
    public EmbeddingPooling? Pooling { get; init; }

    /// <summary>Whether vectors are divided by their length, so that a product of two is their cosine. A vector of zeros stays one.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>
    /// Only so many of the first numbers are kept, before vectors are normalized; null for all. Useful with models that were trained for
    /// it (Matryoshka representations: Kusupati et al. 2022, arXiv 2205.13147).
    /// </summary>
    public int? Dimensions { get; init; }

    /// <summary>Whether a text that is longer than the context loses its end (not its end token); otherwise it is an error.</summary>
    public bool Truncate { get; init; }

    /// <summary>Whether the tokens are put around a text that the model's tokenizer asks for.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range; the message names it.</exception>
    internal EmbeddingOptions Validate(int size)
    {
        if (Pooling is { } pooling && !Enum.IsDefined(pooling))
            throw new ArgumentOutOfRangeException(nameof(Pooling), pooling, $"EmbeddingOptions: Pooling is {(int)pooling}; expected {string.Join(", ", Enum.GetNames<EmbeddingPooling>())}, or null.");
        if (Dimensions is { } dimensions && (dimensions < 1 || dimensions > size))
            throw new ArgumentOutOfRangeException(nameof(Dimensions), dimensions, $"EmbeddingOptions: Dimensions is {dimensions}; expected 1 to {size}, the model's hidden size, or null.");
        return this;
    }
}
