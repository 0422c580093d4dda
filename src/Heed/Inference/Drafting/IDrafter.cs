namespace Heed.Inference.Drafting;

/// <summary>What guesses the next tokens of a text. Serves one text at a time; what it has learned of one it may use for the next.</summary>
internal interface IDrafter : IDisposable
{
    /// <summary>Whether the model reckons with the drafts' distributions, so that the text depends on how long drafts are.</summary>
    bool Samples { get; }

    /// <summary>Gets ready for another text.</summary>
    void Begin(GenerationRow row);

    /// <summary>Guesses what follows.</summary>
    /// <param name="text">What the model has read, and the token that it reads next.</param>
    /// <param name="draft">Gets the tokens; empty, with room for as many as may be.</param>
    /// <param name="most">How many tokens at most; 0 or more.</param>
    /// <param name="costs">What a token of a draft costs and saves.</param>
    /// <param name="row">The text, for the steps from logits to a token.</param>
    /// <param name="cancellation">Ends it.</param>
    void Propose(ReadOnlySpan<int> text, Draft draft, int most, DraftCosts costs, GenerationRow row, CancellationToken cancellation);

    /// <summary>Learns what came instead, or as well: the tokens that the model chose, up to the first that the last draft did not have.</summary>
    void Learn(ReadOnlySpan<int> chosen);
}
