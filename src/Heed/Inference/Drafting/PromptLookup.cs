using Heed.Models;

namespace Heed.Inference.Drafting;

/// <summary>
/// Drafts what followed the text's last tokens where they stood before, in prompt or text (prompt lookup; Saxena 2023, LLMA: Yang et al. 2023,
/// arXiv 2304.04487). Costs next to nothing, and pays where a text quotes or repeats. The same seed gives the same text as without it.
/// </summary>
public sealed class PromptLookup : Speculation
{
    /// <summary>A draft's tokens at most, if nothing else is said.</summary>
    public const int DefaultDraftTokens = 15;

    /// <summary>A lookup with drafts of up to <see cref="DefaultDraftTokens"/> tokens.</summary>
    public PromptLookup() : base(DefaultDraftTokens)
    {
    }

    /// <summary>As many of the last tokens are looked for first; of places where as many stand, the latest counts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int LongestMatch
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 8;

    /// <summary>The fewest tokens that are looked for; <see cref="LongestMatch"/> where that is less.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int ShortestMatch
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 2;

    internal override IDrafter CreateDrafter(WritingModel model, TokenHistory history) => new LookupDrafter(this);

    internal override double DraftCost(ModelConfig model) => 0;
}
