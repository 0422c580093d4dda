namespace Heed.Inference;

/// <summary>A prompt is longer than the model's context.</summary>
/// <param name="promptTokens">The prompt's length.</param>
/// <param name="contextTokens">What the context holds.</param>
public sealed class ContextOverflowException(int promptTokens, int contextTokens) : ArgumentException(
    $"Complete: the prompt has {promptTokens} tokens; the context holds {contextTokens}. Shorten the prompt, or allow a sliding context.")
{
    /// <summary>The prompt's length in tokens.</summary>
    public int PromptTokens { get; } = promptTokens;

    /// <summary>What the context holds, in tokens.</summary>
    public int ContextTokens { get; } = contextTokens;
}
