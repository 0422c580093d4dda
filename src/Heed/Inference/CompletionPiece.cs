using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>A piece of generated text: usually one token's, more where characters or stop texts had to be waited for.</summary>
/// <param name="Text">The text; empty where a token added none yet, or in the last piece.</param>
/// <param name="TokenIds">The tokens behind it.</param>
/// <param name="LogProbabilities">Their natural log-probabilities, if asked for; else empty.</param>
public sealed record CompletionPiece(string Text, IReadOnlyList<int> TokenIds, IReadOnlyList<float> LogProbabilities)
{
    /// <summary>For each of the tokens the likeliest ones in its place, the likeliest first, if asked for (<see cref="GenerationOptions.TopLogProbabilities"/>); else empty.</summary>
    public IReadOnlyList<IReadOnlyList<TokenLogProbability>> TopLogProbabilities { get; init; } = [];

    /// <summary>Whether this is the prompt, which comes first if asked for (<see cref="GenerationOptions.EchoPrompt"/>), and nothing that was generated.</summary>
    public bool IsPrompt { get; init; }

    /// <summary>In a chat: what the model thinks before it answers; <see cref="Text"/> has nothing of it.</summary>
    public string Reasoning { get; init; } = "";

    /// <summary>In a chat: the calls of tools that are complete with this piece; <see cref="Text"/> has nothing of them.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>In a chat: why something that looked like the call of a tool is none and came as text.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>Why generation ended, in the last piece; else null.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>What it took, in the last piece; else null.</summary>
    public Usage? Usage { get; init; }
}
