using System.Runtime.CompilerServices;
using Heed.Inference;
using Heed.Inference.Chat;
using Heed.Tokenizers;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Heed.Extensions.AI;

/// <summary>
/// A Heed model as <see cref="IChatClient"/>. Its own chat template writes the conversation, answers are computed away from the caller's
/// thread, and all members are safe for concurrent use. What a request asks for is done or refused, never passed over.
/// </summary>
/// <example>
/// <code>
/// using var model = LanguageModel.Load("model.gguf");
/// using IChatClient client = new HeedChatClient(model);
/// await foreach (var update in client.GetStreamingResponseAsync("Hello!")) Console.Write(update);
/// </code>
/// </example>
public sealed class HeedChatClient : IChatClient
{
    private readonly ModelHost _host;
    private readonly GenAiTelemetry _telemetry;
    private readonly ChatOptionsReader _reader;
    private readonly Lock _gate = new();
    private readonly int _keptChats;
    private ChatMemory? _memory;
    private bool _disposed;

    /// <summary>Chats with a model, which stays the caller's to dispose.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The rest; defaults if null.</param>
    public HeedChatClient(LanguageModel model, HeedClientOptions? options = null)
        : this(new ModelHost(model ?? throw new ArgumentNullException(nameof(model)), options?.ModelId), options ?? new HeedClientOptions())
    {
    }

    internal HeedChatClient(ModelHost host, HeedClientOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.KeptChats);
        (_host, _keptChats) = (host, options.KeptChats);
        _telemetry = new GenAiTelemetry(options, host.ModelId);
        _reader = new ChatOptionsReader(options, new GrammarCache());
    }

    /// <summary>The answer to a conversation, as a whole.</summary>
    /// <param name="messages">
    /// What was said: text, and of the assistant also reasoning and calls of functions, whose results follow. Instructions and system messages
    /// before the first other one become one, several messages of a user or of the assistant in a row too.
    /// </param>
    /// <param name="options">How to answer; docs/extensions-ai.md lists what each option does. Null for the model's recommendations.</param>
    /// <param name="cancellationToken">Ends it within the time of one layer.</param>
    /// <exception cref="ArgumentException">The messages' order or contents are not a conversation, or an option is out of range.</exception>
    /// <exception cref="NotSupportedException">An option or a content cannot be held to.</exception>
    /// <exception cref="Heed.Inference.Grammars.GrammarException">The response's schema cannot be held to.</exception>
    /// <exception cref="ContextOverflowException">The conversation is longer than the context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <summary>The answer to a conversation, as it is made; the last update has the reason for its end, and the usage.</summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        // Both may be changed by the caller while the answer is written.
        List<ChatMessage> said = [.. messages];
        if (said.IndexOf(null!) is var missing and >= 0) throw new ArgumentException($"HeedChatClient: message {missing} is null; expected a message.", nameof(messages));
        return Answer(said, options?.Clone() ?? new ChatOptions(), cancellationToken);
    }

    /// <summary>The model and what belongs to it: <see cref="ChatClientMetadata"/>; <see cref="LanguageModel"/>, <see cref="Models.Transformer"/> and <see cref="Tokenizer"/>, for which the model is loaded if it is not yet.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return new ChatClientMetadata(HeedTelemetry.ProviderName, providerUri: null, _host.ModelId);
        return serviceType.IsInstanceOfType(this) ? this : _host.Find(serviceType);
    }

    /// <summary>Forgets kept chats and keeps no more, and ends metrics and traces; the model is its owner's.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _memory?.Dispose();
        }
        _telemetry.Dispose();
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Answer(List<ChatMessage> messages, ChatOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using GenAiOperation operation = _telemetry.Begin("chat");
        ChatTrace trace = new(_telemetry, operation);
        trace.Asked(messages, options);
        ChatUpdates updates = new(operation.ResponseId, _host.ModelId, options);
        await using IAsyncEnumerator<CompletionPiece> pieces = Pieces(messages, options, cancellation).GetAsyncEnumerator(cancellation);
        while (await Next(pieces, operation).ConfigureAwait(false))
        {
            CompletionPiece piece = pieces.Current;
            if (piece.TokenIds.Count > 0) operation.OnToken();
            if (piece.Problems.Count > 0) Log.NoCall(_telemetry.Logger, "chat", operation.ResponseId);
            if (piece is { FinishReason: { } reason, Usage: { } usage }) operation.Complete(usage, ChatUpdates.ReasonOf(reason).Value);
            if (updates.Of(piece) is not { } update) continue;
            trace.Answered(update);
            yield return update;
        }
        trace.End();
    }

    private async IAsyncEnumerable<CompletionPiece> Pieces(List<ChatMessage> messages, ChatOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        _host.CheckModelId(options.ModelId);
        List<Tokenizers.ChatMessage> said = ChatMessageReader.Read(options.Instructions, messages);
        LanguageModel model = await _host.GetAsync(cancellation).ConfigureAwait(false);
        // Grammars of schemas take a moment to compile.
        ChatSettings settings = await Task.Run(() => _reader.Read(options, this, model), cancellation).ConfigureAwait(false);
        settings = settings with { Memory = MemoryOf(model) };
        await foreach (CompletionPiece piece in model.ChatAsync(said, settings, cancellation).ConfigureAwait(false)) yield return piece;
    }

    private ChatMemory? MemoryOf(LanguageModel model)
    {
        if (_keptChats == 0) return null;
        // Whoever disposes a pipeline disposes the client below it, which others may still use: it then remembers nothing.
        lock (_gate) return _disposed ? null : _memory ??= new ChatMemory(model, _keptChats);
    }

    /// <summary>Goes to the next piece, and lets metrics and traces know where there is none for an error.</summary>
    private static async ValueTask<bool> Next(IAsyncEnumerator<CompletionPiece> pieces, GenAiOperation operation)
    {
        try
        {
            return await pieces.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            operation.Fail(failure);
            throw;
        }
    }
}
