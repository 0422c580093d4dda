using System.Runtime.CompilerServices;
using System.Text;
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

    /// <summary>Says something and streams the answer. An answer that was cut off by cancellation is kept as far as it came.</summary>
    /// <param name="message">What the user says.</param>
    /// <param name="options">How to answer; the model's defaults if null.</param>
    /// <param name="cancellation">Ends the answer within the time of one layer.</param>
    /// <exception cref="InvalidOperationException">The last turn has not ended.</exception>
    /// <exception cref="ContextOverflowException">The conversation is longer than the context and may not slide.</exception>
    /// <exception cref="ArgumentException">The message holds a marker of a format that writes its markers as text, or the model's chat template refuses it.</exception>
    public async IAsyncEnumerable<CompletionPiece> SendAsync(string message, GenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        options ??= _model.DefaultOptions;
        if (_model.ChatFormat is { Kind: ChatFormatKind.Plain, Template: null })
            options = options with { StopStrings = [.. options.StopStrings, "\nUser:"] };
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("Conversation.SendAsync: a turn is still running; await its end, or cancel it, first.");
        _messages.Add(new ChatMessage(ChatRole.User, message));
        StringBuilder answer = new();
        bool began = false;
        try
        {
            List<ChatMessage> messages = WithSystem();
            int[] Prompt() => _model.ChatFormat.Render(messages, _model.Tokenizer);
            await foreach (CompletionPiece piece in _cache.Stream(Prompt, options, cancellation).ConfigureAwait(false))
            {
                began |= !piece.IsPrompt;
                if (!piece.IsPrompt) answer.Append(piece.Text);
                yield return piece;
            }
        }
        finally
        {
            if (began) _messages.Add(new ChatMessage(ChatRole.Assistant, answer.ToString().Trim()));
            else _messages.RemoveAt(_messages.Count - 1);
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

    private List<ChatMessage> WithSystem()
    {
        List<ChatMessage> all = [.. _messages];
        if (SystemPrompt is { } system) all.Insert(0, new ChatMessage(ChatRole.System, system));
        return all;
    }
}
