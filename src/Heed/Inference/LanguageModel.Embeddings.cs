namespace Heed.Inference;

/// <content>Texts as vectors.</content>
public sealed partial class LanguageModel
{
    /// <summary>
    /// Makes a vector of each text: the final hidden states of its tokens (<see cref="Models.Transformer.States"/>), pooled and normalized. Works with
    /// decoders, encoders, and models of two halves, whose encoder then reads. Computes away from the caller's thread.
    /// </summary>
    /// <param name="texts">The texts. What one becomes does not depend on the others, to the last bit.</param>
    /// <param name="options">How; the defaults if null.</param>
    /// <param name="cancellation">Ends it within the time of one layer.</param>
    /// <returns>The vectors, in the order of the texts.</returns>
    /// <exception cref="ArgumentException">A text is null, has no tokens, or is longer than the context and may not be cut.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the model was disposed in the meantime.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Task<IReadOnlyList<TextEmbedding>> EmbedAsync(IEnumerable<string> texts, EmbeddingOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string[] all = [.. texts];
        if (Array.IndexOf(all, null) is var missing and >= 0) throw new ArgumentException($"EmbedAsync: text {missing} is null; expected a text.", nameof(texts));
        return Embed(options, (embedder, token) => embedder.Embed(all, token), cancellation);
    }

    /// <summary>Makes a vector of each of several texts of tokens, as <see cref="EmbedAsync(IEnumerable{string}, EmbeddingOptions?, CancellationToken)"/> does; nothing is put around them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary.</exception>
    public Task<IReadOnlyList<TextEmbedding>> EmbedAsync(IEnumerable<ReadOnlyMemory<int>> texts, EmbeddingOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int[][] all = [.. texts.Select(text => text.ToArray())];
        return Embed(options, (embedder, token) => embedder.Embed(all, token), cancellation);
    }

    private Task<IReadOnlyList<TextEmbedding>> Embed(EmbeddingOptions? options, Func<TextEmbedder, CancellationToken, TextEmbedding[]> embed, CancellationToken cancellation)
    {
        TextEmbedder embedder = new(Transformer, Tokenizer, ContextLength, (options ?? new EmbeddingOptions()).Validate(Config.HiddenSize));
        Begin();
        return Task.Run(Work, CancellationToken.None);

        IReadOnlyList<TextEmbedding> Work()
        {
            try
            {
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
                return embed(embedder, either.Token);
            }
            finally
            {
                _generations.Signal();
            }
        }
    }
}
