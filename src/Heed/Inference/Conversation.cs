using System.Runtime.CompilerServices;
using Heed.Inference.Chat;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>
/// A chat with a model, turn by turn. What was read stays in memory: a turn reads only what is new. One turn at a time.
/// </summary>
public sealed class Conversation : IDisposable
{
    private readonly LanguageModel _model;
    private readonly PromptCache _cache;
    private readonly bool _ownsCache;
    private readonly List<ChatMessage> _messages = [];
    private string? _systemPrompt;
    private int _busy;

    /// <param name="model">The model.</param>
    /// <param name="systemPrompt">Instructions above the conversation, or null.</param>
    /// <param name="cache">What was read before, which stays its owner's; null for a cache of the conversation's own.</param>
    internal Conversation(LanguageModel model, string? systemPrompt, PromptCache? cache)
    {
        (_model, _cache, _ownsCache) = (model, cache ?? model.CreatePromptCache(), cache is null);
        SystemPrompt = systemPrompt;
    }

    /// <summary>What has been said, without the system prompt.</summary>
    public IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Instructions that stand above the conversation, or null; counts from the next turn on.</summary>
    public string? SystemPrompt
    {
        get => _systemPrompt;
        set => _systemPrompt = string.IsNullOrWhiteSpace(value) ? null : value;
    }

    /// <summary>Tools, and what happens where the conversation outgrows the context; counts from the next turn on.</summary>
    public ChatSettings Settings { get; set; } = new();

    /// <summary>Says something and streams the answer. An answer that was cut off by cancellation is kept as far as it came.</summary>
    /// <param name="message">What the user says.</param>
    /// <param name="options">How to answer; if null, what <see cref="Settings"/> say, or else the model's defaults.</param>
    /// <param name="cancellation">Ends the answer within the time of one layer.</param>
    /// <exception cref="InvalidOperationException">The last turn has not ended.</exception>
    /// <exception cref="ContextOverflowException">The conversation is longer than the context and may not slide.</exception>
    /// <exception cref="ArgumentException">The message holds a marker of a format that writes its markers as text, the model's chat template refuses it, a call has no result yet, or the settings do not fit the model.</exception>
    public IAsyncEnumerable<CompletionPiece> SendAsync(string message, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return AnswerAsync([new ChatMessage(ChatRole.User, message)], SettingsWith(options), cancellation);
    }

    /// <summary>Sends the results of all calls of the last answer (<see cref="ChatMessage.OfTool"/>) and streams what the model makes of them.</summary>
    /// <param name="results">A message for each call.</param>
    /// <param name="options">How to answer; if null, what <see cref="Settings"/> say, or else the model's defaults.</param>
    /// <param name="cancellation">Ends the answer within the time of one layer.</param>
    /// <exception cref="InvalidOperationException">The last turn has not ended.</exception>
    /// <exception cref="ContextOverflowException">The conversation is longer than the context and may not slide.</exception>
    /// <exception cref="ArgumentException">A call has no result, or a result no call; or as for <see cref="SendAsync"/>.</exception>
    public IAsyncEnumerable<CompletionPiece> SendToolResultsAsync(IReadOnlyList<ChatMessage> results, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(results);
        if (results.Contains(null!)) throw new ArgumentException("Conversation.SendToolResultsAsync: a message is null; expected results of calls.", nameof(results));
        if (results.FirstOrDefault(result => result.Role != ChatRole.Tool) is { } other)
            throw new ArgumentException($"Conversation.SendToolResultsAsync: a message is from {other.Role}; need the results of calls, from {ChatRole.Tool}.", nameof(results));
        return AnswerAsync([.. results], SettingsWith(options), cancellation);
    }

    private async IAsyncEnumerable<CompletionPiece> AnswerAsync(ChatMessage[] messages, ChatSettings settings, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("Conversation.SendAsync: a turn is still running; await its end, or cancel it, first.");
        int before = _messages.Count;
        _messages.AddRange(messages);
        AnswerKeeper answer = new();
        try
        {
            await foreach (CompletionPiece piece in _model.Answer(_cache, WithSystem(), settings, cancellation).ConfigureAwait(false))
            {
                answer.Add(piece);
                yield return piece;
            }
        }
        finally
        {
            if (answer.Message is { } said) _messages.Add(said);
            else _messages.RemoveRange(before, _messages.Count - before);
            Volatile.Write(ref _busy, 0);
        }
    }

    /// <summary>Forgets everything that was said.</summary>
    /// <exception cref="InvalidOperationException">A turn is running.</exception>
    public void Reset()
    {
        if (Volatile.Read(ref _busy) != 0) throw new InvalidOperationException("Conversation.Reset: a turn is still running; await its end, or cancel it, first.");
        _messages.Clear();
    }

    /// <summary>Cancels the turn that may be running, waits until it computes no more, and frees the conversation's memory. A cache that was given is left as it is.</summary>
    public void Dispose()
    {
        if (_ownsCache) _cache.Dispose();
    }

    private ChatSettings SettingsWith(GenerationOptions? options) => options is null ? Settings : Settings with { Generation = options };

    private List<ChatMessage> WithSystem()
    {
        List<ChatMessage> all = [.. _messages];
        if (SystemPrompt is { } system) all.Insert(0, new ChatMessage(ChatRole.System, system));
        return all;
    }
}
