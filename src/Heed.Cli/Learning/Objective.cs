namespace Heed.Cli.Learning;

/// <summary>What a model learns.</summary>
internal enum Objective
{
    /// <summary>The next token.</summary>
    Causal,

    /// <summary>Tokens that are hidden, by a model that sees both ways.</summary>
    Masked,

    /// <summary>Spans that are taken out of a text, by a model with an encoder.</summary>
    Spans,

    /// <summary>A text to each of some others, by a model with an encoder.</summary>
    Pairs,
}
