using System.Runtime.CompilerServices;

namespace Heed.Inference;

/// <summary>
/// What a model has read, kept from one text to the next, and in files: a text that begins as the last one did reads only what is new, and
/// is the same to the last bit, but for the scalings of rotary positions that <see cref="Models.Transformer"/> excepts. One text at a time.
/// </summary>
public sealed class PromptCache : IDisposable
{
    private readonly LanguageModel _model;
    private readonly TokenHistory _history;
    private readonly TextGenerator _generator;
    private int _busy;

    internal PromptCache(LanguageModel model, TokenHistory history, TextGenerator generator) => (_model, _history, _generator) = (model, history, generator);

    /// <summary>The tokens that are known.</summary>
    public int Length => _history.Length;

    /// <summary>Forgets what came after so many tokens, where the model can: layers that keep the latest tokens alone may not.</summary>
    /// <param name="length">0 or more.</param>
    /// <returns>Whether no more tokens are known than that.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    /// <exception cref="InvalidOperationException">A text is being written.</exception>
    /// <exception cref="ObjectDisposedException">The cache was disposed.</exception>
    public bool TryTruncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        using Turn turn = new(this, nameof(TryTruncate));
        return _generator.Use(history => history.TryTruncate(length));
    }

    /// <summary>Writes what is known to a file, for <see cref="LanguageModel.LoadPromptCache"/>; one that is there is replaced when the new one is whole.</summary>
    /// <exception cref="IOException">The file cannot be written; what was there is as it was.</exception>
    /// <exception cref="NotSupportedException">The model's caches are not for files, see <see cref="Models.Transformer.SaveCache"/>.</exception>
    /// <exception cref="InvalidOperationException">A text is being written.</exception>
    /// <exception cref="ObjectDisposedException">The cache or its model was disposed.</exception>
    public void Save(string path)
    {
        using Turn turn = new(this, nameof(Save));
        // The file's mark is made with the weights, which must not be freed meanwhile.
        _model.Borrow();
        try
        {
            _generator.Use(history =>
            {
                history.Save(_model.Transformer, path);
                return true;
            });
        }
        finally
        {
            _model.Return();
        }
    }

    /// <summary>Cancels the text that may be being written, waits until it computes no more, and frees the memory.</summary>
    public void Dispose() => _generator.Dispose();

    /// <summary>Throws where the cache is another model's.</summary>
    internal void Check(string operation, LanguageModel model)
    {
        if (!ReferenceEquals(model, _model)) throw new ArgumentException($"{operation}: the cache is another model's; make one with this model's CreatePromptCache or LoadPromptCache.", "cache");
    }

    internal async IAsyncEnumerable<CompletionPiece> Stream(Func<int[]> prompt, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using Turn turn = new(this, nameof(LanguageModel.CompleteAsync));
        await foreach (CompletionPiece piece in _model.Stream(_generator, prompt, options, cancellation).ConfigureAwait(false)) yield return piece;
    }

    /// <summary>Lets one at a time use the cache.</summary>
    private sealed class Turn : IDisposable
    {
        private readonly PromptCache _cache;

        public Turn(PromptCache cache, string operation)
        {
            if (Interlocked.Exchange(ref cache._busy, 1) != 0) throw new InvalidOperationException($"PromptCache.{operation}: a text is still being written; await its end, or cancel it, first.");
            _cache = cache;
        }

        public void Dispose() => Volatile.Write(ref _cache._busy, 0);
    }
}
