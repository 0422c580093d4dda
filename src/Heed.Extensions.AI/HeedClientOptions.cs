using System.Diagnostics.Metrics;
using Heed.Inference;
using Microsoft.Extensions.Logging;

namespace Heed.Extensions.AI;

/// <summary>What <see cref="HeedChatClient"/> and <see cref="HeedEmbeddingGenerator"/> need besides a model.</summary>
public sealed record HeedClientOptions
{
    /// <summary>The name that the model goes by in requests, responses, metrics and traces; null for its architecture's.</summary>
    public string? ModelId { get; init; }

    /// <summary>What requests begin with that do not say otherwise; null for the model's own recommendations.</summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>The most tokens of an answer whose request does not say; null for as many as <see cref="Generation"/> allows.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Of how many of the latest chats the client keeps what was read, so that of a chat that goes on only what is new is read. Each takes the memory of its keys and values.</summary>
    public int KeptChats { get; init; } = 1;

    /// <summary>How texts become vectors where a request does not say otherwise; null for the defaults.</summary>
    public EmbeddingOptions? Embedding { get; init; }

    /// <summary>Whether traces and logs may hold what is said: prompts, answers, calls of tools. Off, they never do.</summary>
    public bool EnableSensitiveData { get; init; }

    /// <summary>Who logs; null for nobody.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Who makes the meter; null for one of its own.</summary>
    public IMeterFactory? MeterFactory { get; init; }
}
