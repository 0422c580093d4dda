using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Inference.Drafting;

/// <summary>
/// Lets a smaller model of the same vocabulary draft (Leviathan et al. 2022, arXiv 2211.17192). At temperature 0 the tokens are those of the model
/// alone; above it their distribution is, while a seed gives another text than without drafts.
/// </summary>
public sealed class DraftModel : Speculation
{
    /// <summary>A draft's tokens at most, if nothing else is said.</summary>
    public const int DefaultDraftTokens = 7;

    private readonly LanguageModel _draft;
    private Tokenizer? _agreesWith;

    /// <summary>Drafts of a model, which stays its owner's and must not be disposed before the texts are written.</summary>
    /// <exception cref="NotSupportedException">It is no model that drafts: it sees both ways, has an encoder, or its states cannot be cut back.</exception>
    public DraftModel(LanguageModel draft) : base(DefaultDraftTokens)
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (draft.Config.Bidirectional || draft.Config.Encoder is not null)
            throw new NotSupportedException("DraftModel: the draft model sees both ways or has an encoder; expected one that writes a text on.");
        if (draft.Config.Mixer != MixerKind.Attention)
            throw new NotSupportedException($"DraftModel: the draft model's mixer is {draft.Config.Mixer}, whose states cannot be cut back where a draft is wrong; expected attention.");
        _draft = draft;
    }

    internal override void Check(WritingModel model)
    {
        base.Check(model);
        if (model.Network.Encoder is not null)
            throw new NotSupportedException("DraftModel: the model has an encoder, whose source a draft model knows nothing of; PromptLookup and EarlyExit serve it.");
        if (ReferenceEquals(_agreesWith, model.Tokenizer)) return;
        CheckVocabulary(model.Tokenizer, _draft.Tokenizer);
        _agreesWith = model.Tokenizer;
    }

    internal override IDrafter CreateDrafter(WritingModel model, TokenHistory history) => new ModelDrafter(this, model, _draft);

    internal override double DraftCost(ModelConfig model) => ModelDrafter.CostOf(_draft.Config, model);

    internal override CancellationToken Borrow() => _draft.Borrow();

    internal override void Return() => _draft.Return();

    private static void CheckVocabulary(Tokenizer tokenizer, Tokenizer draft)
    {
        if (ReferenceEquals(tokenizer, draft)) return;
        if (tokenizer.VocabSize != draft.VocabSize)
            throw new ArgumentException($"DraftModel: the draft model's vocabulary has {draft.VocabSize} tokens, the model's {tokenizer.VocabSize}; expected the same ones.", nameof(draft));
        for (int token = 0; token < tokenizer.VocabSize; token++)
            if (tokenizer.TokenText(token) != draft.TokenText(token))
                throw new ArgumentException($"DraftModel: token {token} is '{draft.TokenText(token)}' to the draft model and '{tokenizer.TokenText(token)}' to the model; expected the same vocabulary.", nameof(draft));
    }
}
