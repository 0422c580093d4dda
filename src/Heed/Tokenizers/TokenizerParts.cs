namespace Heed.Tokenizers;

/// <summary>What every tokenizer is made of, gathered by whoever reads its file.</summary>
internal sealed record TokenizerParts(TokenTable Tokens)
{
    public int? BosId { get; init; }

    public int? EosId { get; init; }

    public int? UnknownId { get; init; }

    public int? PadId { get; init; }

    /// <summary>Further ids that end a text, beside those known by their name.</summary>
    public IReadOnlyList<int> MoreStopIds { get; init; } = [];

    /// <summary>The ids put before a text when special tokens are added.</summary>
    public int[] Prefix { get; init; } = [];

    /// <summary>The ids put after a text when special tokens are added.</summary>
    public int[] Suffix { get; init; } = [];

    /// <summary>The tokens found in text as a whole.</summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    public DecodeRule Decoding { get; init; } = DecodeRule.Plain;

    public string? ChatTemplate { get; init; }
}
