using System.Runtime.CompilerServices;
using Heed.Models;
using Heed.Nn;

namespace Heed.Inference.Drafting;

/// <summary>
/// Speculative decoding (Leviathan et al. 2022, arXiv 2211.17192; Chen et al. 2023, arXiv 2302.01318): something cheap drafts the next tokens, the
/// model reads them all at once, and those stay that it would have written itself. The text is what it would be otherwise, only sooner:
/// <see cref="PromptLookup"/>, <see cref="DraftModel"/>, <see cref="EarlyExit"/>.
/// </summary>
public abstract class Speculation
{
    /// <summary>A draft's tokens at most, whatever is asked for.</summary>
    public const int MostDraftTokens = 64;

    private protected Speculation(int maxDraftTokens) => MaxDraftTokens = maxDraftTokens;

    /// <summary>The most tokens of a draft; how many it has within this goes by how many were of use so far.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1, or more than <see cref="MostDraftTokens"/>.</exception>
    public int MaxDraftTokens
    {
        get;
        init
        {
            if (value is < 1 or > MostDraftTokens) throw new ArgumentOutOfRangeException(nameof(value), value, $"{GetType().Name}: MaxDraftTokens is {value}; expected 1 to {MostDraftTokens}.");
            field = value;
        }
    }

    /// <summary>Whether drafts are as long as they may be, instead of as long as pays: for tests.</summary>
    internal bool AlwaysDrafts { get; init; }

    /// <summary>Refuses a model that this cannot serve; generating does the same.</summary>
    /// <exception cref="NotSupportedException">What the model has read cannot be cut back.</exception>
    /// <exception cref="ArgumentException">The draft's model has another vocabulary, or the early exit is past the last block.</exception>
    public void Check(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Check(model.Writing);
    }

    internal virtual void Check(WritingModel model)
    {
        if (model.Network.Config.Mixer != MixerKind.Attention)
            throw new NotSupportedException($"Speculation: the model's mixer is {model.Network.Config.Mixer}, whose states cannot be cut back where a draft is wrong; generate without speculation.");
    }

    /// <summary>What drafts for texts of a model.</summary>
    internal abstract IDrafter CreateDrafter(WritingModel model, TokenHistory history);

    /// <summary>What a token of a draft costs beside a pass of the model, estimated.</summary>
    internal abstract double DraftCost(ModelConfig model);

    /// <summary>Keeps what drafts from being disposed while a text is written, and says when it is to be.</summary>
    internal virtual CancellationToken Borrow() => CancellationToken.None;

    /// <summary>Ends what <see cref="Borrow"/> began.</summary>
    internal virtual void Return()
    {
    }
}
