namespace Heed.Inference;

/// <summary>One text of a batch: a prompt, and how to write on after it.</summary>
public sealed record BatchRequest
{
    /// <summary>After a prompt of text.</summary>
    /// <param name="prompt">The text; empty to begin from nothing.</param>
    /// <param name="options">How; the model's defaults if null.</param>
    public BatchRequest(string prompt, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        (Prompt, Options) = (prompt, options);
    }

    /// <summary>After a prompt of tokens.</summary>
    /// <param name="tokens">Their ids.</param>
    /// <param name="options">How; the model's defaults if null.</param>
    public BatchRequest(ReadOnlyMemory<int> tokens, GenerationOptions? options = null) => (Tokens, Options) = (tokens.ToArray(), options);

    /// <summary>The prompt, or null where it is given as tokens.</summary>
    public string? Prompt { get; }

    /// <summary>The prompt's tokens, where it is given so.</summary>
    public ReadOnlyMemory<int> Tokens { get; }

    /// <summary>How to write on, its own bound of tokens, stops, seed and sampling included; the model's defaults if null.</summary>
    public GenerationOptions? Options { get; }
}
