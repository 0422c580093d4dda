using Heed.Nn;

namespace Heed.Inference;

/// <content>What was read, kept from one text to the next.</content>
public sealed partial class LanguageModel
{
    /// <summary>Memory for texts that begin alike; nothing is in it yet.</summary>
    /// <exception cref="NotSupportedException">The model sees both ways, or has an encoder.</exception>
    public PromptCache CreatePromptCache()
    {
        CheckKeeps("CreatePromptCache");
        TextGenerator generator = CreateGenerator(out TokenHistory history);
        return new PromptCache(this, history, generator);
    }

    /// <summary>Memory with what <see cref="PromptCache.Save"/> has written.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileFormatException">It is no such file, of another model, context or type of cache, cut off or damaged.</exception>
    /// <exception cref="IOException">It does not exist, or cannot be read.</exception>
    /// <exception cref="NotSupportedException">The model sees both ways, has an encoder, or keeps caches that are not for files.</exception>
    public PromptCache LoadPromptCache(string path)
    {
        CheckKeeps("LoadPromptCache");
        KvCache cache;
        int[] tokens;
        Begin();
        try
        {
            cache = Transformer.LoadCache(path, out tokens);
        }
        finally
        {
            Return();
        }
        string? problem = cache.Batch != 1 || tokens.Length != cache.Length() ? "the cache is none of one text whose tokens are known"
            : cache.MaxPositions != ContextLength ? $"the cache was made for a context of {cache.MaxPositions} tokens; the model's is {ContextLength}"
            : cache.Type != CacheType ? $"the cache's keys and values are {cache.Type}; expected {CacheType}" : null;
        if (problem is null)
        {
            TokenHistory history = new(cache, ContextLength, known: tokens);
            return new PromptCache(this, history, new TextGenerator(Writing, history));
        }
        cache.Dispose();
        throw new FileFormatException(path, $"{problem}. Remove it or name another one.");
    }

    /// <summary>Writes on after <paramref name="prompt"/>, as <see cref="CompleteAsync(string, GenerationOptions?, CancellationToken)"/> does, and reads only what <paramref name="cache"/> does not know of it (<see cref="Usage.CachedTokens"/>).</summary>
    /// <param name="prompt">The text; empty to begin from nothing.</param>
    /// <param name="cache">What was read before; afterwards it knows prompt and text.</param>
    /// <param name="options">How; <see cref="DefaultOptions"/> if null.</param>
    /// <param name="cancellation">Ends it within the time of one layer.</param>
    /// <exception cref="ArgumentException">The cache is another model's.</exception>
    /// <exception cref="InvalidOperationException">Another text is being written with the cache.</exception>
    public IAsyncEnumerable<CompletionPiece> CompleteAsync(string prompt, PromptCache cache, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(cache);
        cache.Check("CompleteAsync", this);
        options = (options ?? DefaultOptions).Validate();
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return cache.Stream(() => TokensOf(prompt, options), options, cancellation);
    }

    private void CheckKeeps(string operation)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CheckWrites(operation);
        if (Transformer.Encoder is not null) throw new NotSupportedException($"{operation}: the model has an encoder, which reads each source whole; CompleteAsync takes the source as its prompt.");
    }
}
