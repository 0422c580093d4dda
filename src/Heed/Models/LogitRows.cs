namespace Heed.Models;

/// <summary>For which tokens of a batch the logits are computed.</summary>
public enum LogitRows
{
    /// <summary>The last token of each row that is not padding: what generation needs.</summary>
    Last,

    /// <summary>Every token.</summary>
    All,
}
