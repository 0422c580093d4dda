namespace Heed.Inference;

/// <summary>What a generation took.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedTokens">Tokens of the prompt that were still known from before.</param>
/// <param name="CompletionTokens">Tokens generated, an end token included.</param>
/// <param name="Prefill">The time to read the prompt.</param>
/// <param name="Decode">The time to generate the tokens after the first one.</param>
public sealed record Usage(int PromptTokens, int CachedTokens, int CompletionTokens, TimeSpan Prefill, TimeSpan Decode)
{
    /// <summary>In a chat: the turns that were left out because they did not fit the context (<see cref="Chat.ChatSettings.DropTurns"/>).</summary>
    public int DroppedTurns { get; init; }

    /// <summary>Tokens that a draft has guessed (<see cref="GenerationOptions.Speculation"/>).</summary>
    public int DraftedTokens { get; init; }

    /// <summary>Those of them that are in the text; each saved a pass of the model.</summary>
    public int AcceptedTokens { get; init; }

    /// <summary>Prompt tokens read per second.</summary>
    public double PrefillTokensPerSecond => Rate(PromptTokens - CachedTokens, Prefill);

    /// <summary>Tokens generated per second, the first one apart, which comes with the prompt.</summary>
    public double DecodeTokensPerSecond => Rate(CompletionTokens - 1, Decode);

    private static double Rate(int tokens, TimeSpan time) => tokens > 0 && time > TimeSpan.Zero ? tokens / time.TotalSeconds : 0;
}
