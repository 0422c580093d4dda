using System.Runtime.CompilerServices;
using Heed.Inference.Chat;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>Chats that somebody else keeps.</summary>
public sealed partial class LanguageModel
{
    internal ToolGrammars ToolGrammars { get; } = new();

    /// <summary>
    /// Answers the last message of a chat. Pieces come as they are made, text, reasoning and calls of tools apart; the last one says why
    /// the answer ended. Nothing is remembered: <see cref="StartConversation"/> or <see cref="ChatSettings.Memory"/> is for chats of which only the new part is to be read.
    /// </summary>
    /// <remarks>The stream may be enumerated more than once; each time is an answer of its own.</remarks>
    /// <param name="messages">The chat: an optional system message, then user and assistant in turn, where calls are followed by their results; a user's or a tool's message last.</param>
    /// <param name="settings">Tools, and how the answer is generated; all defaults if null.</param>
    /// <param name="cancellation">Ends it within the time of one layer.</param>
    /// <exception cref="ArgumentException">The order of the messages is another one, the model's format or template does not take them or the tools, or the settings contradict each other.</exception>
    /// <exception cref="Grammars.GrammarException">A call is asked for, and a tool's schema cannot be held to.</exception>
    /// <exception cref="NotSupportedException">The model sees both ways, or has an encoder.</exception>
    /// <exception cref="ContextOverflowException">The chat is longer than the context and may not slide; where turns may be dropped, its last turn is.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IAsyncEnumerable<CompletionPiece> ChatAsync(IReadOnlyList<ChatMessage> messages, ChatSettings? settings = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ChatMessage[] all = [.. messages];
        if (Array.IndexOf(all, null) is var missing and >= 0) throw new ArgumentException($"ChatAsync: message {missing} is null; expected a message.", nameof(messages));
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CheckChats(nameof(ChatAsync));
        return AnswerAlone(all, settings ?? new ChatSettings(), cancellation);
    }

    /// <summary>Answers with what is still known from before.</summary>
    internal async IAsyncEnumerable<CompletionPiece> Answer(PromptCache cache, IReadOnlyList<ChatMessage> messages, ChatSettings settings, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ChatTurn turn = new(this, messages, settings);
        await foreach (CompletionPiece piece in cache.Stream(turn.Prompt, turn.Options, cancellation).ConfigureAwait(false))
            foreach (CompletionPiece part in turn.Read(piece)) yield return part;
    }

    private async IAsyncEnumerable<CompletionPiece> AnswerAlone(IReadOnlyList<ChatMessage> messages, ChatSettings settings, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (settings.Memory is { } memory)
        {
            memory.Check(this);
            ChatTurn turn = new(this, messages, settings);
            await foreach (CompletionPiece piece in Produced<CompletionPiece>((emit, token) => memory.Run(turn.Prompt(), turn.Options, emit, token), cancellation).ConfigureAwait(false))
                foreach (CompletionPiece part in turn.Read(piece)) yield return part;
            yield break;
        }
        using PromptCache cache = CreatePromptCache();
        await foreach (CompletionPiece piece in Answer(cache, messages, settings, cancellation).ConfigureAwait(false)) yield return piece;
    }

    /// <summary>A generator, and what it knows.</summary>
    internal TextGenerator CreateGenerator(out TokenHistory history)
    {
        history = new TokenHistory(Transformer.CreateCache(maxPositions: ContextLength, type: CacheType), ContextLength);
        return new TextGenerator(Writing, history);
    }

    private void CheckChats(string operation)
    {
        CheckWrites(operation);
        if (Transformer.Encoder is not null)
            throw new NotSupportedException($"{operation}: the model has an encoder, which reads one source and keeps no conversation; CompleteAsync takes the source as its prompt.");
    }
}
