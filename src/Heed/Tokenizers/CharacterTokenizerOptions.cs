namespace Heed.Tokenizers;

/// <summary>What <see cref="CharacterTokenizer.Train(IEnumerable{string}, CharacterTokenizerOptions?)"/> makes beside the characters.</summary>
public sealed record CharacterTokenizerOptions
{
    /// <summary>
    /// What a character becomes that did not occur: false makes it the token &lt;unk&gt;, which decodes to nothing;
    /// true makes it its UTF-8 bytes, for which there are then 256 more ids, and every text comes back whole.
    /// </summary>
    public bool ByteFallback { get; init; }

    /// <summary>Special tokens, which get the last ids in this order.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>The special token that begins a sequence, or null.</summary>
    public string? Bos { get; init; }

    /// <summary>The special token that ends a sequence, or null.</summary>
    public string? Eos { get; init; }

    /// <summary>Whether encoding puts <see cref="Bos"/> before a text.</summary>
    public bool AddBos { get; init; }

    /// <summary>The Jinja chat template that goes into tokenizer_config.json, or null.</summary>
    public string? ChatTemplate { get; init; }
}
