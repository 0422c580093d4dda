using Heed.Nn;

namespace Heed.Inference.Chat;

/// <summary>
/// What a model has read of the latest chats, so that of a chat that goes on it reads only what is new: for those who send all messages
/// each time (<see cref="ChatSettings.Memory"/>). Answers are the same, to the last bit. Safe for concurrent use; each chat that is kept takes
/// the memory of its keys and values.
/// </summary>
public sealed class ChatMemory : IDisposable
{
    private readonly LanguageModel _model;
    private readonly int _most;

    // Angles that depend on a text's length leave other keys behind than a fresh start.
    private readonly bool _keeps;
    private readonly Lock _gate = new();
    private readonly LinkedList<(TextGenerator Generator, TokenHistory History)> _idle = [];
    private bool _disposed;

    /// <summary>Remembers nothing yet.</summary>
    /// <param name="model">The model.</param>
    /// <param name="most">How many chats are kept that are not being answered; of more, those that were answered longest ago are forgotten.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative number.</exception>
    public ChatMemory(LanguageModel model, int most)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegative(most);
        (_model, _most) = (model, most);
        _keeps = model.Config.StableLength >= model.ContextLength;
    }

    /// <summary>Forgets all; what is being answered goes on.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach ((TextGenerator generator, _) in _idle) generator.Dispose();
            _idle.Clear();
        }
    }

    internal void Check(LanguageModel model)
    {
        if (!ReferenceEquals(model, _model)) throw new ArgumentException("ChatAsync: Memory is of another model; expected one of this.", "settings");
    }

    internal void Run(ReadOnlySpan<int> prompt, GenerationOptions options, Action<CompletionPiece, CancellationToken> emit, CancellationToken cancellation)
    {
        (TextGenerator Generator, TokenHistory History) taken = Take(prompt);
        try
        {
            taken.Generator.Run(prompt, options, emit, cancellation);
        }
        finally
        {
            Return(taken);
        }
    }

    /// <summary>What shares most with a prompt. Where that is less than half of what it knows, another chat may still go on with it: then something new, or, if there is room for no more, what was used longest ago.</summary>
    private (TextGenerator Generator, TokenHistory History) Take(ReadOnlySpan<int> prompt)
    {
        lock (_gate)
        {
            LinkedListNode<(TextGenerator Generator, TokenHistory History)>? best = null;
            int most = 0;
            for (var node = _idle.First; node is not null; node = node.Next)
                if (node.Value.History.Shared(prompt) is var shared && shared > most) (best, most) = (node, shared);
            if (best is null || most < best.Value.History.Length / 2) best = _idle.Count < _most ? null : _idle.Last;
            if (best is not null)
            {
                _idle.Remove(best);
                return best.Value;
            }
        }
        TextGenerator generator = _model.CreateGenerator(out TokenHistory history);
        return (generator, history);
    }

    private void Return((TextGenerator Generator, TokenHistory History) used)
    {
        lock (_gate)
        {
            if (_keeps && !_disposed) _idle.AddFirst(used);
            else used.Generator.Dispose();
            if (_idle.Count <= _most) return;
            used = _idle.Last!.Value;
            _idle.RemoveLast();
        }
        used.Generator.Dispose();
    }
}
